"""How is any record of a large file read again without holding the file? By the bytes from where to where it stands.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/questions/test_stored_file.py

A .gz cannot be read from its middle: it is unpacked once, into a temporary file without a name that ends with the process.
"""

import gzip
import os
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Lock
from typing import IO

from minirag.documents.lines import decoded

GZIP = b"\x1f\x8b"
MARK = b"\xef\xbb\xbf"  # byte order mark


class StoredFile:
    """A file that stays open, read from any place, from any thread. Changed underneath, it is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = open_unpacked(path)
        self.lock = Lock()
        self.state = state_of(self.file)
        weakref.finalize(self, self.file.close)

    def __len__(self) -> int:
        return self.state[0]

    def read(self, start: int, end: int) -> bytes:
        with self.lock:
            if state_of(self.file) != self.state:
                raise ValueError(f"{self.path}: was changed while it was in use")
            self.file.seek(start)
            return self.file.read(end - start)

    def text(self, start: int, end: int, line: int) -> str:
        """One line, or a whole record; ValueError names the line where it is not UTF-8."""
        return decoded(self.path, line, self.read(start, end).removeprefix(MARK if start == 0 else b""))

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """(line number from 1, its first byte, the line); to be walked through before anything else is read."""
        self.file.seek(0)
        start = 0
        for number, line in enumerate(self.file, start=1):
            yield number, start, line
            start += len(line)

    def mapped(self) -> mmap | bytes:
        """All of its bytes to look through, without a copy in memory."""
        return mmap(self.file.fileno(), 0, access=ACCESS_READ) if len(self) else b""


def open_unpacked(path: Path) -> IO[bytes]:
    """It stays open: whoever asked for it closes it."""
    try:
        file: IO[bytes] = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if file.read(len(GZIP)) != GZIP:
        return file
    file.close()
    return unpacked(path)


def unpacked(path: Path) -> IO[bytes]:
    plain = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        with gzip.open(path) as packed:
            shutil.copyfileobj(packed, plain, 1024 * 1024)
    except (OSError, EOFError, zlib.error) as error:
        plain.close()
        raise ValueError(f"{path}: is not whole gzip ({error})") from None
    plain.flush()
    return plain


def state_of(file: IO[bytes]) -> tuple[int, int]:
    facts = os.fstat(file.fileno())
    return facts.st_size, facts.st_mtime_ns
