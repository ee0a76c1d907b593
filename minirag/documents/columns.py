"""What is a row of a .parquet file, or of a `datasets` folder? Columns title, text, id, and its vector where it is there.

Paper     RAG §3, as published with transformers: a `datasets` folder with title, text and embeddings
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_columns.py

Read in batches of rows: memory does not grow with the file. Their numbers go from Arrow's memory straight into tensors.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.documents.document import Document, library, one_line
from minirag.documents.json_rows import document_of
from minirag.documents.tables import TEXT_NAMES, TITLE_NAMES, column

VECTOR_NAMES = ("embeddings", "embedding", "vectors", "vector")
ROWS = 1000  # in memory at once
STATE, INFO = "state.json", "dataset_info.json"


def read_parquet(path: Path) -> Iterator[Document]:
    yield from documents_of(path, parquet_batches(path))


def parquet_batches(path: Path) -> Iterator[Any]:
    parquet = library("pyarrow.parquet", path)
    with faults_named(path), parquet.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=ROWS, columns=wanted(path, file.schema_arrow.names))


def is_dataset(folder: Path) -> bool:
    """What `Dataset.save_to_disk` of the library `datasets` leaves."""
    return os.path.isfile(folder / STATE) and os.path.isfile(folder / INFO)  # not in a folder that may not be read


def read_dataset(folder: Path) -> Iterator[Document]:
    """All its .arrow files in their order; rows are counted through all of them."""
    yield from documents_of(folder, arrow_batches(folder))


def arrow_batches(folder: Path) -> Iterator[Any]:
    arrow, ipc = library("pyarrow", folder), library("pyarrow.ipc", folder)
    for path in [folder / name for name in arrow_files(folder)]:
        with faults_named(path), arrow.memory_map(str(path)) as file, ipc.open_stream(file) as batches:
            names = wanted(path, batches.schema.names)
            for batch in batches:
                yield from (batch.select(names).slice(start, ROWS) for start in range(0, len(batch), ROWS))


def arrow_files(folder: Path) -> list[str]:
    """As state.json lists them. ValueError: the rows are not in their order, or not all there."""
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        names = [entry["filename"] for entry in state["_data_files"]]
        reordered = bool(state.get("_indices_data_files") or state.get("_indices_files"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{folder / STATE}: does not list the files of a dataset ({one_line(error)})") from None
    if reordered:
        raise ValueError(f"{folder}: only some of its rows are meant; call flatten_indices() before save_to_disk()")
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise ValueError(f"{folder / STATE}: lists {name!r:.80}, which is no file of this folder")
    return names


def documents_of(path: Path, batches: Iterator[Any]) -> Iterator[Document]:
    row = 1
    for batch in batches:
        with faults_named(path):
            batch.validate(full=True)  # lengths and letters: what a damaged file says of itself is not believed
            name = column(str(path), batch.schema.names, VECTOR_NAMES)
            vectors = None if name is None else vectors_of(path, row, batch.column(name))
            entries = batch.select([each for each in batch.schema.names if each != name]).to_pylist()
        for number, entry in enumerate(entries):
            yield document_of(path, row + number, entry, None if vectors is None else vectors[number])
        row += len(entries)


def vectors_of(path: Path, first_row: int, lists: Any) -> Float[Tensor, "n D"]:
    """A column of lists of numbers, as float32. ValueError names the first row that is none, or not like the others."""
    arrow, compute = library("pyarrow", path), library("pyarrow.compute", path)
    if not is_vectors(arrow.types, lists.type):
        raise ValueError(f"{path}: its column of vectors is of type {lists.type}, not lists of floating-point numbers")
    lengths = compute.list_value_length(lists).to_pylist()
    odd = next((n for n, length in enumerate(lengths) if not length or length != lengths[0]), None)
    if odd is not None:
        raise ValueError(f"{path}:{first_row + odd}: its vector has {lengths[odd] or 'no'} numbers")
    numbers = compute.list_flatten(lists).cast(arrow.float32())
    if numbers.null_count or not len(lengths):
        raise ValueError(f"{path}:{first_row}: a vector here, or soon after, has a number missing")
    start, size = 4 * numbers.offset, 4 * len(numbers)
    raw = bytearray(
        memoryview(numbers.buffers()[1])[start : start + size]
    )  # a copy: Arrow's memory must not be written
    vectors = torch.frombuffer(raw, dtype=torch.float32).view(len(lengths), lengths[0])
    if not vectors.isfinite().all():
        row = int((~vectors.isfinite().all(dim=1)).nonzero()[0])
        raise ValueError(f"{path}:{first_row + row}: its vector is not finite (NaN or infinity)")
    return vectors


def is_vectors(types: Any, column_type: Any) -> bool:
    is_list = types.is_list(column_type) or types.is_large_list(column_type) or types.is_fixed_size_list(column_type)
    return is_list and types.is_floating(column_type.value_type)


@contextmanager
def faults_named(path: Path) -> Iterator[None]:
    """What Arrow says of a damaged file, in one line with its name. Faults that we found ourselves go through as they are."""
    arrow = library("pyarrow", path)
    try:
        yield
    except (arrow.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read ({one_line(error)})") from None


def wanted(path: Path, names: list[str]) -> list[str]:
    """The columns that are read; ValueError where there is no text."""
    where = str(path)
    found = [column(where, names, TEXT_NAMES), column(where, names, TITLE_NAMES), column(where, names, VECTOR_NAMES)]
    if found[0] is None:
        raise ValueError(f"{path}: has no column 'text' (its columns: {', '.join(names)[:120]})")
    return [name for name in (*found, "id" if "id" in names else None) if name is not None]
