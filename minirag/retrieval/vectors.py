"""How do the passages' vectors lie on disk? One safetensors file, written as a stream and read through a memory map.

Paper     RAG §2.2 (the document index: one vector d(z) per passage)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_vectors.py

The safetensors library writes tensors that are in memory; 21 million vectors of 768 float16 numbers are 32 GB. The
format is simple enough to be streamed: length of the header, header in JSON, then the numbers. The scales of int8 vectors
(int8_vectors.py) stand before the vectors, so that these are always what the file ends with.
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

from minirag.retrieval.along_axes import AlongAxes, Seen
from minirag.retrieval.int8_vectors import LARGEST, Int8Vectors, Stored, as_int8

DTYPES = {"float16": (torch.float16, "F16", 2), "float32": (torch.float32, "F32", 4), "int8": (torch.int8, "I8", 1)}
SCALE = 4  # bytes: float32
BLOCK = 2048  # vectors looked at together: what is in memory at once


def write_vectors(path: Path, count: int, batches: Iterable[Float[Tensor, "_ _"]], dtype: str, begin: int = 0) -> int:
    """Write `count` vectors that come in batches, under the key "vectors". Returns their dimension.

    begin: so many of them are in the file already (`vectors_written`), the batches are those behind.
    """
    check_dtype(dtype)
    written, dimension = begin, 0
    with open(path, "r+b" if begin else "wb") as file:
        if begin:
            start, _, dimension = header_of(file)
            file.seek(start + begin * dimension * DTYPES[dtype][2])
            file.truncate()
        for batch in batches:
            dimension = dimension or start_file(file, count, batch.shape[1], dtype)
            if batch.shape[1] != dimension:
                raise ValueError(f"vectors {written} and on have dimension {batch.shape[1]}, those before {dimension}")
            append(file, stored(batch, dtype, written), written, count)
            file.flush()  # what is written here survives the process
            written += len(batch)
    if written != count:
        raise ValueError(f"{path}: {written} vectors for {count} passages")
    return dimension


def start_file(file: BinaryIO, count: int, dimension: int, dtype: str) -> int:
    _, name, width = DTYPES[dtype]
    begin = count * SCALE if dtype == "int8" else 0
    entries = {"scales": {"dtype": "F32", "shape": [count], "data_offsets": [0, begin]}} if begin else {}
    end = begin + count * dimension * width
    entries["vectors"] = {"dtype": name, "shape": [count, dimension], "data_offsets": [begin, end]}
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)  # the numbers begin at a multiple of 8
    file.write(struct.pack("<Q", len(header)) + header)
    file.seek(begin, 1)  # room for the scales
    return dimension


def header_of(file: BinaryIO) -> tuple[int, int, int]:
    """(where the vectors begin, how many there will be, their dimension) of a file that was begun."""
    length = struct.unpack("<Q", file.read(8))[0]
    vectors = json.loads(file.read(length))["vectors"]
    return 8 + length + vectors["data_offsets"][0], *vectors["shape"]


def vectors_written(path: Path, dtype: str, together: int) -> int:
    """How many vectors a file holds that was begun: whole groups of `together` ones, or all that it was made for."""
    if not path.is_file() or path.stat().st_size < 8:
        return 0
    with open(path, "rb") as file:
        try:
            start, count, dimension = header_of(file)
        except ValueError:  # killed within the header
            return 0
    held = max(0, path.stat().st_size - start) // (dimension * DTYPES[dtype][2])
    return count if held >= count else held - held % together


def row_bytes(dimension: int, dtype: str) -> int:
    """What one vector takes on disk."""
    return dimension * DTYPES[dtype][2] + (SCALE if dtype == "int8" else 0)


def append(file: BinaryIO, batch: Stored, row: int, count: int) -> None:
    """Vectors `row` and on, at the end of the file; their scales go where they belong, before."""
    numbers = batch.numbers if isinstance(batch, Int8Vectors) else batch
    if isinstance(batch, Int8Vectors):
        end = file.tell()
        file.seek(end - row * numbers.shape[1] - (count - row) * SCALE)
        file.write(batch.scales.numpy().tobytes())
        file.seek(end)
    file.write(numbers.numpy().tobytes())


def stored(batch: Float[Tensor, "n D"], dtype: str, first_row: int) -> Stored:
    """The batch as it lies on disk. ValueError names the first row that is NaN or infinite there."""
    on_cpu = batch.detach().to("cpu")
    vectors: Stored = as_int8(on_cpu) if dtype == "int8" else on_cpu.to(DTYPES[dtype][0])
    largest = vectors.scales[:, None] * LARGEST if isinstance(vectors, Int8Vectors) else vectors
    finite = largest.isfinite().all(dim=1)
    if not finite.all():
        row = int((~finite).nonzero()[0])
        fault = f"too large for {dtype}" if batch[row].isfinite().all() else "not finite (NaN or infinity)"
        raise ValueError(f"the vector of passage row {first_row + row} is {fault}")
    return vectors


def open_vectors(path: Path) -> Stored:
    """The stored vectors, memory-mapped: nothing is read before it is used. ValueError if it is not such a file."""
    try:
        with safe_open(path, framework="pt") as file:
            names = sorted(file.keys())
            tensors = [file.get_tensor(name) for name in names] if names in (["vectors"], ["scales", "vectors"]) else []
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: is not a whole safetensors file ({one_line(error)})") from None
    if not tensors:
        raise ValueError(f"{path}: holds {names}, not 'vectors', or these and their 'scales'")
    found = [(tensor.dtype, list(tensor.shape)) for tensor in tensors]
    *scales, vectors = tensors
    if vectors.dim() == 2 and not scales and vectors.dtype in (torch.float16, torch.float32):
        return vectors
    if vectors.dim() == 2 and found == [(torch.float32, [len(vectors)]), (torch.int8, list(vectors.shape))]:
        return Int8Vectors(vectors, scales[0])
    said = ", ".join(f"{name!r} is {dtype} of shape {shape}" for name, (dtype, shape) in zip(names, found, strict=True))
    raise ValueError(f"{path}: {said}, not float16 or float32 (N, D), or int8 with float32 scales (N,)")


def blocks(vectors: Seen, rows: Int[Tensor, " R"] | None = None) -> Iterator[tuple[int, Float32[Tensor, "n D"]]]:
    """(number of its first vector, the block in float32): the whole is never in memory at once. A block is good until the
    next one. rows: of these vectors only, numbered as they stand there.

    Blocks are converted into one and the same memory, small enough (6 MB at 768 numbers) for a processor's cache. With
    fresh memory for each, which the system hands out page by page and filled with zeros, one question among 100,000 float16
    vectors waited three times as long; with 16,384 vectors together, 3.4 times in float16 and 4 times in int8.
    """
    count = len(vectors) if rows is None else len(rows)
    converted = torch.empty(min(BLOCK, count), vectors.shape[1], dtype=torch.float32, device=vectors.device)
    if isinstance(vectors, AlongAxes):
        for start, whole in blocks(vectors.vectors, rows):
            yield start, torch.mm(whole, vectors.axes, out=converted[: len(whole)])
        return
    for start in range(0, count, BLOCK):
        block = vectors[start : start + BLOCK] if rows is None else vectors[rows[start : start + BLOCK]]
        yield start, in_float32(block, converted[: len(block)])


def in_float32(block: Stored, place: Float32[Tensor, "n D"]) -> Float32[Tensor, "n D"]:
    """The block itself, or what it is computed back to, in `place`."""
    if isinstance(block, Int8Vectors):
        return place.copy_(block.numbers).mul_(block.scales[:, None])
    return block if block.dtype == torch.float32 else place.copy_(block)


def check_finite(path: Path, vectors: Stored) -> None:
    for start, block in blocks(vectors):
        finite = block.isfinite().all(dim=1)
        if not finite.all():
            raise ValueError(f"{path}: row {start + int((~finite).nonzero()[0])} is not finite (NaN or infinity)")


def check_dtype(dtype: str) -> None:
    if dtype not in DTYPES:
        raise ValueError(f"dtype={dtype!r} is not one of {', '.join(DTYPES)}")


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())
