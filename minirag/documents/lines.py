"""How is a text file read so that a fault can be named by its line? As bytes, decoded one line at a time.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_reading.py
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(1, first line), (2, second line), … with their line ends; a byte order mark is dropped, a .gz unpacked."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rb") as file:
            for number, raw in enumerate(file, start=1):
                yield number, decoded(path, number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path}: is not whole gzip ({error})") from None
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror or error})") from None


def decoded(path: Path, number: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}:{number}: is not UTF-8 text (byte 0x{raw[error.start]:02x} at position {error.start})"
        ) from None
