"""How is a text file read so that a fault can be named by its line? As bytes, decoded one line at a time.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_documents.py
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One document as it stands in a file; `line` is where it begins. `id` is None where the file gives none."""

    line: int
    id: str | None
    title: str
    text: str


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(1, first line), (2, second line), … with their line ends; a byte order mark is dropped."""
    try:
        with open(path, "rb") as file:
            for number, raw in enumerate(file, start=1):
                yield number, decoded(path, number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None


def decoded(path: Path, number: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}:{number}: is not UTF-8 text (byte 0x{raw[error.start]:02x} at position {error.start})"
        ) from None
