"""Where do the passages live, and how is one found by its row?

Paper     RAG §3 (the non-parametric memory: 100-word passages with titles)
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/retrieval/test_passages.py

One id space: passage `row` 0..N-1 is the row of its vector. `Passage.id` is the caller's own name for it.
"""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

SCHEMA = """
CREATE TABLE passages(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL);
CREATE VIRTUAL TABLE passages_fts USING fts5(
    title, text, content='passages', content_rowid='row', tokenize='unicode61 remove_diacritics 2');
"""
CHUNK = 1000  # passages read at once while walking through all of them


@dataclass(frozen=True)
class Passage:
    """One retrievable text. `id` is the caller's name for it, unique within a knowledge base."""

    id: str
    title: str
    text: str


class PassageStore:
    """Passages in one SQLite file, opened for reading only; may be used from any thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self.lock = Lock()
        weakref.finalize(self, connection.close)
        self.count: int = self.select("SELECT coalesce(max(row) + 1, 0) FROM passages")[0][0]

    @classmethod
    def create(cls, path: str | Path, passages: Iterable[Passage]) -> "PassageStore":
        """Write the passages in their order to a new file. ValueError names the passage at fault; no file is left."""
        path = Path(path)
        if path.exists():
            raise ValueError(f"{path}: exists already")
        try:
            write_passages(path, passages)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return cls.open(path)

    @classmethod
    def open(cls, path: str | Path) -> "PassageStore":
        path = Path(path)
        if not path.is_file():
            raise ValueError(f"{path}: no such file")
        # immutable: the file is written once and replaced as a whole, so SQLite needs neither locks nor a journal
        uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
        try:
            return cls(path, sqlite3.connect(uri, uri=True, check_same_thread=False))
        except sqlite3.Error as error:
            raise ValueError(f"{path}: cannot be opened ({error})") from None

    def close(self) -> None:
        self.connection.close()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Passage]:
        """In row order."""
        for start in range(0, self.count, CHUNK):
            found = self.select(
                "SELECT id, title, text FROM passages WHERE row >= ? AND row < ? ORDER BY row", (start, start + CHUNK)
            )
            yield from (Passage(*columns) for columns in found)

    def get(self, rows: Sequence[int]) -> list[Passage]:
        """One passage per row, in the order asked for."""
        return [self.passage(row) for row in rows]

    def passage(self, row: int) -> Passage:
        found = (
            self.select("SELECT id, title, text FROM passages WHERE row = ?", (row,)) if 0 <= row < self.count else []
        )
        if not found:
            raise ValueError(f"{self.path}: no passage in row {row} (rows 0 to {self.count - 1})")
        return Passage(*found[0])

    def rows_of(self, ids: Sequence[str]) -> list[int]:
        """The row of each id. ValueError names the first id that is not there."""
        return [self.row_of(passage_id) for passage_id in ids]

    def row_of(self, passage_id: str) -> int:
        found = self.select("SELECT row FROM passages WHERE id = ?", (passage_id,))
        if not found:
            raise ValueError(f"{self.path}: no passage with id {passage_id!r}")
        return found[0][0]

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query. A damaged file is a ValueError that names it."""
        try:
            with self.lock:
                return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise ValueError(f"{self.path}: cannot be read ({error})") from None
        except UnicodeEncodeError:
            raise ValueError(f"{self.path}: {parameters[0]!r} is not Unicode text (lone surrogate)") from None


def write_passages(path: Path, passages: Iterable[Passage]) -> None:
    """A journal would only slow this down: an unfinished file is deleted, never repaired."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
        connection.execute("BEGIN")
        for row, passage in enumerate(passages):
            insert(connection, row, passage)
        connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('rebuild')")
        connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('optimize')")
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise ValueError(f"{path}: cannot be written ({error})") from None
    finally:
        connection.close()


def insert(connection: sqlite3.Connection, row: int, passage: Passage) -> None:
    try:
        columns = (row, passage.id, passage.title, passage.text)
        connection.execute("INSERT INTO passages VALUES (?, ?, ?, ?)", columns)
    except sqlite3.IntegrityError:
        raise ValueError(f"passage id {passage.id!r} occurs twice (the second time in row {row})") from None
    except UnicodeEncodeError:
        raise ValueError(f"passage {passage.id!r} (row {row}): not Unicode text (lone surrogate)") from None
