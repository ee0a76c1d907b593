"""Names on the hub: the few files that are needed are fetched, and without the extra one line says what to install."""

import builtins
import sys
from fnmatch import fnmatch
from types import SimpleNamespace

import pytest

from minirag.conversion.convert import convert
from minirag.conversion.hub import local_folder
from minirag.model.checkpoint import save_network
from tests.conversion.planted import write_bin_folder
from tests.model.networks import bart

OTHERS = ["README.md", "modeling_bart.py", "tf_model.h5", "rust_model.ot", "onnx/model.onnx", "openvino/model.bin"]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with one model; what is fetched is noted, and lies in a folder of its own."""
    stored, fetched = tmp_path / "hub", tmp_path / "cache"
    save_network(bart(), stored)
    write_bin_folder(tmp_path / "old")
    (tmp_path / "old" / "pytorch_model.bin").rename(stored / "pytorch_model.bin")
    for name in OTHERS:
        (stored / name).parent.mkdir(exist_ok=True)
        (stored / name).write_text("not needed")

    def snapshot_download(name, allow_patterns):
        if name != "facebook/bart-tiny":
            raise OSError(f"404\nno such name: {name}")
        for path in stored.rglob("*"):
            inside = path.relative_to(stored).as_posix()
            if path.is_file() and any(fnmatch(inside, pattern) for pattern in allow_patterns):
                (fetched / inside).parent.mkdir(parents=True, exist_ok=True)
                (fetched / inside).write_bytes(path.read_bytes())
        return str(fetched)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=snapshot_download))
    return stored, fetched


def test_config_tokenizer_and_safetensors_are_fetched_and_nothing_else(hub, tmp_path):
    _, fetched = hub
    convert(local_folder("facebook/bart-tiny"), tmp_path / "new")
    assert sorted(path.name for path in fetched.rglob("*")) == ["config.json", "model.safetensors"]


def test_a_pickle_is_fetched_where_there_are_no_safetensors(hub, tmp_path):
    stored, fetched = hub
    (stored / "model.safetensors").unlink()
    convert(local_folder("facebook/bart-tiny"), tmp_path / "new")
    assert sorted(path.name for path in fetched.rglob("*")) == ["config.json", "pytorch_model.bin"]


def test_what_the_hub_says_is_one_line(hub):
    with pytest.raises(
        ValueError, match=r"facebook/other: neither here nor on the hub \(OSError: 404 no such name"
    ) as caught:
        local_folder("facebook/other")
    assert "\n" not in str(caught.value)


def test_a_name_that_is_there_is_not_looked_up(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (tmp_path / local_folder("hub")).samefile(tmp_path / "hub")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", ["/nowhere", "./nowhere", "a/b/c", "../a", "~/a", "a b", ""])
def test_a_path_is_never_looked_up(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert str(local_folder(name)) in (name, name.removeprefix("./"), ".")


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def fails(name, *others, **settings):
        if name == "huggingface_hub":
            raise ImportError(name)
        return real(name, *others, **settings)

    monkeypatch.setattr(builtins, "__import__", fails)
    with pytest.raises(ValueError, match=r"needs huggingface_hub: pip install 'minirag\[hub\]'") as caught:
        local_folder("facebook/bart-base")
    assert "\n" not in str(caught.value)
