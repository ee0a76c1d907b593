"""What does a reader hand on? A document: a whole file, or a row of one, and which of its characters stands where.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_reading.py
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from minirag.retrieval.passage import Passage, Place


@dataclass(frozen=True)
class Mark:
    """From character `position` of a document's text on, the file's text goes on at `offset` (on `page`)."""

    position: int
    offset: int
    page: int | None = None


@dataclass(frozen=True, eq=False)
class Document:
    """`line`: where it begins in a file of rows; None: it is all of the file. `id`: None where the file gives none.
    `vector`: d(z), where the file brings it along; such a text is never split, because the vector is that of all of it.
    """

    title: str
    text: str
    line: int | None = None
    id: str | None = None
    marks: tuple[Mark, ...] = (Mark(0, 0),)
    vector: Float[Tensor, " D"] | None = None

    def place(self, source: str, position: int) -> Place:
        """Where the character at `position` of the text stands."""
        mark = self.marks[bisect_right(self.marks, position, key=lambda mark: mark.position) - 1]
        return Place(source, mark.offset + position - mark.position, mark.page, self.line)


class NotRead(ValueError):
    """A file without text, or of a kind that is not read: an error where it was named, passed over where it was found."""

    def __init__(self, path: Path, reason: str, hint: str = "") -> None:
        super().__init__(f"{path}: {reason}{hint}")
        self.reason = reason


def name_of(path: Path) -> str:
    """As it was given, with what is no Unicode in it as its number."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def title_of(path: Path) -> str:
    """The file's name without its ending."""
    inner = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return name_of(Path(inner.stem))


def library(module: str, path: Path) -> Any:
    """A module of the extra `documents`, imported when a file needs it."""
    try:
        return import_module(module)
    except ImportError:
        needed = module.split(".")[0]
        raise ValueError(f"{path}: reading it needs {needed}: pip install 'minirag[documents]'") from None


def one_line(error: BaseException) -> str:
    """What a library said, cut to a line of a message."""
    return " ".join(str(error).split())[:120] or type(error).__name__


def passages_of(path: Path, document: Document, spans: Iterator[tuple[int, int]]) -> Iterator[Passage]:
    """One for each (first character, character behind it). Several are called `notes.txt#1`, `notes.txt#2`, …"""
    source = name_of(path)
    name = document.id if document.id is not None else f"{source}:{document.line}" if document.line else source
    first, second = next(spans), next(spans, None)
    if second is None:
        place, text = document.place(source, first[0]), document.text[slice(*first)]
        yield Passage(name, document.title, text, (place,), document.vector)
        return
    for number, (start, end) in enumerate((first, second, *spans), start=1):
        place = document.place(source, start)
        yield Passage(f"{name}#{number}", document.title, document.text[start:end], (place,))
