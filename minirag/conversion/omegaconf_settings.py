"""How are the settings in DPR's newer files read without omegaconf, the library that wrote them? By stand-ins for its classes.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_omegaconf_settings.py

The restricted reader looks a class up by its name. A stand-in has the name and nothing else: no method of it can run, its
attributes are those of the file, and only the values that somebody asks for are taken out of them.
"""

from collections import defaultdict
from typing import Any

NAMES = (
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.listconfig.ListConfig",
    "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata",
    "omegaconf.nodes.AnyNode",
    "omegaconf.nodes.StringNode",
    "omegaconf.nodes.IntegerNode",
    "omegaconf.nodes.FloatNode",
    "omegaconf.nodes.BooleanNode",
    "typing.Any",
)


def stand_in(path: str) -> type:
    module, _, name = path.rpartition(".")
    return type(name, (), {"__module__": module})


STAND_INS = tuple(stand_in(path) for path in NAMES)
ALLOWED = (*STAND_INS, dict, list, int, defaultdict)


def plain(value: Any) -> Any:
    """Nodes and containers → what they hold."""
    if isinstance(value, STAND_INS):
        return plain(vars(value).get("_content", vars(value).get("_val")))
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value
