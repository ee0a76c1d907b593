"""How is a .jsonl or .json file read? An object a line, or an array of objects: "text", and "title" and "id" if they are there.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_json_rows.py

Other keys are passed over. Of an array one element is in memory at a time; a .json may also be a single object.
"""

import json
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from minirag.documents.document import Document, NotRead
from minirag.documents.json_values import Bytes, elements, first_byte
from minirag.documents.lines import decoded, numbered_lines
from minirag.documents.tables import TEXT_NAMES, TITLE_NAMES, column


def read_jsonl(path: Path) -> Iterator[Document]:
    for line, text in numbered_lines(path):
        if text.strip():
            yield document_of(path, line, parsed(path, line, text))


def read_json(path: Path) -> Iterator[Document]:
    try:
        with open(path, "rb") as file:
            if not path.stat().st_size:
                raise NotRead(path, "holds no passages")
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                yield from documents_in(path, data)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None


def documents_in(path: Path, data: mmap) -> Iterator[Document]:
    for line, start, end in objects(path, data):
        yield document_of(path, line, parsed(path, line, decoded(path, line, data[start:end])))


def objects(path: Path, data: mmap) -> Iterator[tuple[int, int, int]]:
    """(line where it begins, first byte, byte behind it) of each element of the array, or of what else there is."""
    start, line, seen = first_byte(data), 1, 0
    spans = array_elements(path, data, start) if data[start : start + 1] == b"[" else iter([(start, len(data))])
    for first, behind in spans:
        line, seen = line + newlines(data, seen, first), first
        yield line, first, behind


def array_elements(path: Path, data: Bytes, start: int) -> Iterator[tuple[int, int]]:
    """Also looks whether anything stands behind the array."""
    end = start + 1
    try:
        for first, end in elements(data, start):
            yield first, end
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if data[end:].strip() != b"]":
        raise ValueError(f"{path}: is not JSON (something stands behind the array)")


def newlines(data: mmap, start: int, end: int) -> int:
    return data[start:end].count(b"\n")


def parsed(path: Path, line: int, text: str) -> dict[str, Any]:
    try:
        entry = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{line}: is not JSON ({error.msg}, column {error.colno})") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, or 100,000 brackets
        raise ValueError(f"{path}:{line}: is not JSON that can be read ({error})") from None
    if not isinstance(entry, dict):
        raise ValueError(f"{path}:{line}: is not a JSON object")
    return entry


def document_of(path: Path, line: int, entry: dict[str, Any], vector: Float[Tensor, " D"] | None = None) -> Document:
    """An object of a file, or a row of a table whose columns have types."""
    where = f"{path}:{line}"
    text_name, title_name = column(where, list(entry), TEXT_NAMES), column(where, list(entry), TITLE_NAMES)
    if text_name is None:
        raise ValueError(f"{where}: has no 'text'")
    name = entry.get("id")
    if name is not None and (isinstance(name, bool) or not isinstance(name, (str, int))):
        raise ValueError(f"{where}: the id {name!r:.40} is neither text nor a whole number")
    title = entry[title_name] if title_name is not None else None
    for key, value in ((text_name, entry[text_name]), (title_name, "" if title is None else title)):
        if not isinstance(value, str):
            raise ValueError(f"{where}: {key!r} is not text but {value!r:.40}")
    return Document(title or "", entry[text_name], line, None if name is None else str(name), vector=vector)
