"""DPR's newer files hold omegaconf's objects: they are read without that library, and none of their code can run."""

import sys
from collections import defaultdict
from types import ModuleType
from typing import Any

import pytest
import torch

from minirag.conversion.convert import convert
from minirag.conversion.omegaconf_settings import ALLOWED, NAMES, plain
from minirag.conversion.pickled_files import read_pickled
from tests.conversion.planted import biencoder


@pytest.fixture
def omegaconf(monkeypatch):
    """Classes under omegaconf's names, as a file that was written with it refers to them."""
    monkeypatch.setitem(sys.modules, "omegaconf", ModuleType("omegaconf"))
    classes = {}
    for path in NAMES[:-1]:
        module, _, name = path.rpartition(".")
        place = sys.modules.get(module) or ModuleType(module)
        monkeypatch.setitem(sys.modules, module, place)
        classes[name] = type(
            name, (), {"__module__": module, "__setstate__": lambda *_: pytest.fail("its code has run")}
        )
        setattr(place, name, classes[name])
    return classes


def made(kind: type, **attributes: Any) -> Any:
    made = kind()
    made.__dict__.update(attributes)
    return made


def settings(omegaconf, **values: Any) -> Any:
    """A DictConfig as omegaconf 2.1 and later pickle one: nodes, metadata, and the way back to its parent."""
    cache = defaultdict(dict)
    metadata = made(omegaconf["ContainerMetadata"], ref_type=Any, object_type=dict, resolver_cache=cache, key_type=int)
    nodes = {name: made(omegaconf["AnyNode"], _val=value, _parent=None) for name, value in values.items()}
    return made(omegaconf["DictConfig"], _content=nodes, _metadata=metadata, _parent=None)


def test_settings_are_read_without_running_any_code_of_the_library(tmp_path, omegaconf):
    numbers = made(omegaconf["ListConfig"], _content=[made(omegaconf["IntegerNode"], _val=3), 4])
    torch.save(settings(omegaconf, kind="hf_bert", inner=None, numbers=numbers), tmp_path / "x")
    assert plain(read_pickled(tmp_path / "x", ALLOWED)) == {"kind": "hf_bert", "inner": None, "numbers": [3, 4]}


@pytest.mark.parametrize(("kind", "good"), [("hf_bert", True), ("hf_roberta", False)])
def test_the_kind_of_encoder_is_read_from_them(tmp_path, omegaconf, kind, good):
    encoder = settings(omegaconf, encoder_model_type=kind, projection_dim=0, sequence_length=256)
    torch.save(biencoder(encoder_params={"do_lower_case": True, "encoder": encoder}), tmp_path / "dpr_biencoder.9.cp")
    if good:
        assert len(convert(tmp_path / "dpr_biencoder.9.cp", tmp_path / "new")) == 2
    else:
        with pytest.raises(ValueError, match="encoder_model_type='hf_roberta' cannot be honoured"):
            convert(tmp_path / "dpr_biencoder.9.cp", tmp_path / "new")
