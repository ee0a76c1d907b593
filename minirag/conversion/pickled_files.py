"""How is a file of the time before safetensors read without running what is in it? `torch.load(weights_only=True)`.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_pickled_files.py

A pickle is a program: whoever wrote the file may have written anything into it. torch's restricted reader builds tensors
and plain containers and nothing else; a file that asks for more is refused before any of it has run.
"""

import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from minirag.model.tensor_files import INDEX, Tensors, read_shards


def read_pickled(path: Path, allowed: Sequence[type] = ()) -> Any:
    """What `torch.save` wrote; `allowed` are the classes it may hold besides tensors and plain containers.

    ValueError for whatever a damaged or hostile file leads to: UnpicklingError, EOFError, RuntimeError, KeyError, …
    """
    try:
        with torch.serialization.safe_globals(list(allowed)), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch remarks on other pickle protocols, and then reads or refuses them
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:
        raise ValueError(f"{path}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """One line: the class or function that a file asks for, where that is what is wrong."""
    said = " ".join(str(error).split())
    asked = re.search(r"GLOBAL ([\w.]+)|call to ([\w.]+)|function ([\w.]+)", said)
    if type(error).__name__ == "UnpicklingError" and asked:
        named = next(filter(None, asked.groups()))
        return f"refused: it asks for {named}, which is no part of weights (nothing of it was run)"
    detail = said.rpartition("WeightsUnpickler error: ")[2][:100]
    return f"truncated, or not written by torch.save as it usually is ({type(error).__name__}: {detail})"


def state_dict(content: Any, path: Path) -> Tensors:
    """A file that is nothing but named tensors. ValueError names what else it holds."""
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{path}: holds no named tensors")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError(f"{path}: {name!r} is a {type(value).__name__}, not a tensor with a name")
    return dict(content)


def read_pickled_tensors(path: Path) -> Tensors:
    """Published name → tensor of one file, or of all shards of an index."""

    def read(shard: Path) -> Tensors:
        return state_dict(read_pickled(shard), shard)

    return read_shards(path, read) if path.name.endswith(INDEX) else read(path)
