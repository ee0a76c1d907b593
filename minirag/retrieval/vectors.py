"""How do the passages' vectors lie on disk? One safetensors file, written as a stream and read through a memory map.

Paper     RAG §2.2 (the document index: one vector d(z) per passage)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_vectors.py

The safetensors library writes tensors that are in memory; 21 million vectors of 768 float16 numbers are 32 GB. The
format is simple enough to be streamed: length of the header, header in JSON, then the numbers.
"""

import json
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import torch
from jaxtyping import Float, Float32, Int
from safetensors import SafetensorError, safe_open
from torch import Tensor

DTYPES = {"float16": (torch.float16, "F16", 2), "float32": (torch.float32, "F32", 4)}
BLOCK = 16384  # vectors looked at together: what is in memory at once


def write_vectors(path: Path, count: int, batches: Iterable[Float[Tensor, "_ _"]], dtype: str, begin: int = 0) -> int:
    """Write `count` vectors that come in batches, under the key "vectors". Returns their dimension.

    begin: so many of them are in the file already (`vectors_written`), the batches are those behind.
    """
    check_dtype(dtype)
    written, dimension = begin, 0
    with open(path, "r+b" if begin else "wb") as file:
        if begin:
            start, dimension = header_of(file)
            file.seek(start + begin * dimension * DTYPES[dtype][2])
            file.truncate()
        for batch in batches:
            dimension = dimension or start_file(file, count, batch.shape[1], dtype)
            if batch.shape[1] != dimension:
                raise ValueError(f"vectors {written} and on have dimension {batch.shape[1]}, those before {dimension}")
            file.write(stored(batch, dtype, written).numpy().tobytes())
            file.flush()  # what is written here survives the process
            written += len(batch)
    if written != count:
        raise ValueError(f"{path}: {written} vectors for {count} passages")
    return dimension


def start_file(file: BinaryIO, count: int, dimension: int, dtype: str) -> int:
    _, name, width = DTYPES[dtype]
    entry = {"dtype": name, "shape": [count, dimension], "data_offsets": [0, count * dimension * width]}
    header = json.dumps({"vectors": entry}).encode()
    header += b" " * (-len(header) % 8)  # the numbers begin at a multiple of 8
    file.write(struct.pack("<Q", len(header)) + header)
    return dimension


def header_of(file: BinaryIO) -> tuple[int, int]:
    """(where the numbers begin, the dimension of the vectors) of a file that was begun."""
    length = struct.unpack("<Q", file.read(8))[0]
    return 8 + length, json.loads(file.read(length))["vectors"]["shape"][1]


def vectors_written(path: Path, dtype: str, together: int) -> int:
    """How many vectors a file holds that was begun: whole groups of `together` ones, or all that it was made for."""
    if not path.is_file() or path.stat().st_size < 8:
        return 0
    with open(path, "rb") as file:
        try:
            start, dimension = header_of(file)
        except ValueError:  # killed within the header
            return 0
        file.seek(8)
        count = json.loads(file.read(start - 8))["vectors"]["shape"][0]
    held = (path.stat().st_size - start) // (dimension * DTYPES[dtype][2])
    return count if held >= count else held - held % together


def stored(batch: Float[Tensor, "n D"], dtype: str, first_row: int) -> Float[Tensor, "n D"]:
    """The batch as it lies on disk. ValueError names the first row that is NaN or infinite there."""
    vectors = batch.detach().to("cpu", DTYPES[dtype][0])
    finite = vectors.isfinite().all(dim=1)
    if not finite.all():
        row = int((~finite).nonzero()[0])
        fault = f"too large for {dtype}" if batch[row].isfinite().all() else "not finite (NaN or infinity)"
        raise ValueError(f"the vector of passage row {first_row + row} is {fault}")
    return vectors


def open_vectors(path: Path) -> Float[Tensor, "N D"]:
    """The stored vectors, memory-mapped: nothing is read before it is used. ValueError if it is not such a file."""
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            vectors = file.get_tensor("vectors") if names == ["vectors"] else None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: is not a whole safetensors file ({one_line(error)})") from None
    if vectors is None:
        raise ValueError(f"{path}: holds {names}, not one tensor named 'vectors'")
    if vectors.dim() != 2 or vectors.dtype not in (torch.float16, torch.float32):
        raise ValueError(
            f"{path}: 'vectors' is {vectors.dtype} of shape {list(vectors.shape)}, not float16 or float32 (N, D)"
        )
    return vectors


def blocks(
    vectors: Float[Tensor, "N D"], rows: Int[Tensor, " R"] | None = None
) -> Iterator[tuple[int, Float32[Tensor, "n D"]]]:
    """(number of its first vector, the block in float32): the whole is never in memory at once. A block is good until the
    next one. rows: of these vectors only, numbered as they stand there.

    float16 blocks are converted into one and the same memory. With fresh memory for each, which the system hands out page
    by page and filled with zeros, one question among 100,000 vectors waited three times as long.
    """
    count = len(vectors) if rows is None else len(rows)
    converted = torch.empty(min(BLOCK, count), vectors.shape[1], dtype=torch.float32, device=vectors.device)
    for start in range(0, count, BLOCK):
        block = vectors[start : start + BLOCK] if rows is None else vectors[rows[start : start + BLOCK]]
        yield start, block if block.dtype == torch.float32 else converted[: len(block)].copy_(block)


def check_finite(path: Path, vectors: Float[Tensor, "N D"]) -> None:
    for start, block in blocks(vectors):
        finite = block.isfinite().all(dim=1)
        if not finite.all():
            raise ValueError(f"{path}: row {start + int((~finite).nonzero()[0])} is not finite (NaN or infinity)")


def check_dtype(dtype: str) -> None:
    if dtype not in DTYPES:
        raise ValueError(f"dtype={dtype!r} is not one of {', '.join(DTYPES)}")


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())
