"""Which tensors are in a folder? `model.safetensors`, or shards of it and the index that says what is where.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/model/test_tensor_files.py

A safetensors file is mapped, not read: its tensors take no memory until somebody looks at them. Nothing is unpickled here;
`minirag convert` reads the older files, once.
"""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from jaxtyping import Shaped
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from minirag.model.config_files import read_json_object

WEIGHTS, PICKLED = "model.safetensors", "pytorch_model.bin"
INDEX = ".index.json"  # behind the name of the file that was cut into shards

Tensors = dict[str, Shaped[Tensor, "..."]]


def safetensors_file(folder: Path) -> Path | None:
    """The file, else the index of its shards, else nothing."""
    return next((folder / name for name in (WEIGHTS, WEIGHTS + INDEX) if (folder / name).is_file()), None)


def pickled_file(folder: Path) -> Path | None:
    """The same of a time before safetensors: `minirag convert` reads it."""
    return next((folder / name for name in (PICKLED, PICKLED + INDEX) if (folder / name).is_file()), None)


def weights_file(folder: str | Path) -> Path:
    """The file, or the index of its shards. ValueError: there is neither."""
    folder = Path(folder)
    path, pickled = safetensors_file(folder), pickled_file(folder)
    if path is not None:
        return path
    if pickled is not None:
        once = f"minirag convert {shlex.quote(str(folder))} NEW-FOLDER"
        raise ValueError(f"{folder}: has no {WEIGHTS}, only {pickled.name}; rewrite it once with: {once}")
    raise ValueError(f"{folder}: not a model folder ({WEIGHTS} is missing)")


def read_tensors(path: Path) -> Tensors:
    """Published name → tensor, as stored, of one file or of all shards of an index."""
    return read_shards(path, read_file) if path.name.endswith(INDEX) else read_file(path)


def read_file(path: Path) -> Tensors:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: truncated or not a safetensors file ({' '.join(str(error).split())})") from None


def read_shards(index: Path, read: Callable[[Path], Tensors]) -> Tensors:
    """Every tensor of the index, from the shard that the index says. ValueError names what is missing or left over."""
    shard_of = read_index(index)
    tensors: Tensors = {}
    for shard in sorted(set(shard_of.values())):
        if not (index.parent / shard).is_file():
            raise ValueError(f"{index}: the shard {shard} is missing")
        for name, tensor in read(index.parent / shard).items():
            if shard_of.get(name) != shard:
                raise ValueError(
                    f"{index.parent / shard}: unexpected tensor {name}, {index.name} does not place it here"
                )
            tensors[name] = tensor
    missing = sorted(shard_of.keys() - tensors.keys())
    if missing:
        raise ValueError(f"{index}: tensor {missing[0]} is missing in {shard_of[missing[0]]}")
    return tensors


def read_index(index: Path) -> dict[str, str]:
    """Tensor → the shard's file name. A shard lies beside its index: any other path is refused."""
    shard_of = read_json_object(index).get("weight_map")
    if not isinstance(shard_of, dict):
        raise ValueError(f"{index}: has no weight_map")
    for name, shard in shard_of.items():
        if not isinstance(shard, str) or shard in ("", ".", "..") or any(mark in shard for mark in "/\\:\0"):
            raise ValueError(f"{index}: {name} is in {shard!r}, which is not a file beside it")
    return shard_of


def write_tensors(tensors: Tensors, folder: str | Path) -> None:
    """Write `model.safetensors`; the file appears whole or not at all, and takes the place of older shards."""
    path = Path(folder) / WEIGHTS
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"format": "pt"})
    os.replace(partial, path)
