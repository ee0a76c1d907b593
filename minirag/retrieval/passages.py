"""Where do the passages live, and how is one found by its row?

Paper     RAG §3 (the non-parametric memory: 100-word passages with titles)
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/retrieval/test_passages.py

One id space: passage `row` 0..N-1 is the row of its vector. `Passage.id` is the caller's own name for it.

    passages     row, id, title, text: all that a knowledge base from before there were places has
    places       row → source, line, offset, page: one or more of each passage that came from files (passage.py)
    sources      a file's name, once
    other_ids    the ids of those that said the same, where duplicates were merged (writing.py)
"""

import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from minirag.retrieval.passage import Passage, Place
from minirag.retrieval.writing import write_passages

CHUNK = 1000  # passages read at once while walking through all of them
PLACES_OF = (
    'SELECT row, name, "offset", page, line FROM places JOIN sources USING (source)'
    ' WHERE row >= ? AND row < ? ORDER BY row, source, line, "offset"'
)


class PassageStore:
    """Passages in one SQLite file, opened for reading only; may be used from any thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self.lock = Lock()
        weakref.finalize(self, connection.close)
        self.count: int = self.select("SELECT coalesce(max(row) + 1, 0) FROM passages", types=(int,))[0][0]
        tables = {name for (name,) in self.select("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self.has_places = "places" in tables  # knowledge bases from before have none
        self.has_other_ids = "other_ids" in tables

    @classmethod
    def create(
        cls,
        path: str | Path,
        passages: Iterable[Passage],
        merge_duplicates: bool = False,
        on_passage: Callable[[Passage], None] = lambda passage: None,
    ) -> "PassageStore":
        """Write the passages in their order to a new file. ValueError names the passage at fault; no file is left.

        merge_duplicates: one passage for all that have the same title and text, with the places and ids of all of them.
        on_passage: is called with each passage that gets a row, in their order.
        """
        path = Path(path)
        if path.exists():
            raise ValueError(f"{path}: exists already")
        try:
            write_passages(path, passages, merge_duplicates, on_passage)
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
        yield from self.from_row(0)

    def from_row(self, first: int) -> Iterator[Passage]:
        for start in range(first, self.count, CHUNK):
            yield from self.between(start, start + CHUNK)

    def get(self, rows: Sequence[int]) -> list[Passage]:
        """One passage per row, in the order asked for."""
        return [self.passage(row) for row in rows]

    def passage(self, row: int) -> Passage:
        found = self.between(row, row + 1) if 0 <= row < self.count else []
        if not found:
            raise ValueError(f"{self.path}: no passage in row {row} (rows 0 to {self.count - 1})")
        return found[0]

    def between(self, first: int, behind: int) -> list[Passage]:
        sql = "SELECT row, id, title, text FROM passages WHERE row >= ? AND row < ? ORDER BY row"
        places: dict[int, list[Place]] = {}
        for row, *place in (
            self.select(PLACES_OF, (first, behind), (int, str, int, int, int)) if self.has_places else []
        ):
            places.setdefault(row, []).append(place_of(*place))
        found = self.select(sql, (first, behind), (int, str, str, str))
        return [Passage(id, title, text, tuple(places.get(row, ()))) for row, id, title, text in found]

    def rows_of(self, ids: Sequence[str]) -> list[int]:
        """The row of each id. ValueError names the first id that is not there."""
        return [self.row_of(passage_id) for passage_id in ids]

    def row_of(self, passage_id: str) -> int:
        """Also of the id of a duplicate that was merged."""
        found = self.select("SELECT row FROM passages WHERE id = ?", (passage_id,))
        if not found and self.has_other_ids:
            found = self.select("SELECT row FROM other_ids WHERE id = ?", (passage_id,))
        if not found:
            raise ValueError(f"{self.path}: no passage with id {passage_id!r}")
        return found[0][0]

    def sources(self) -> list[str]:
        """The names of the files that passages came from."""
        return [name for (name,) in self.select("SELECT name FROM sources ORDER BY source")] if self.has_places else []

    def held_as(self, passage_id: str) -> str:
        """The id of the passage that a merged duplicate became; any other id is itself, whether it is there or not."""
        if not self.has_other_ids:
            return passage_id
        found = self.select("SELECT p.id FROM other_ids o JOIN passages p USING (row) WHERE o.id = ?", (passage_id,))
        return found[0][0] if found else passage_id

    def select(self, sql: str, parameters: Sequence[Any] = (), types: tuple[type, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query. A damaged file is a ValueError that names it.

        types: what the columns hold, for SQLite does not keep to what a column was declared to be.
        """
        try:
            with self.lock:
                found = self.connection.execute(sql, parameters).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:  # what SQLite says of a damaged name cannot be decoded
            raise ValueError(f"{self.path}: cannot be read ({one_line(error)})") from None
        except UnicodeEncodeError:
            raise ValueError(f"{self.path}: {parameters[0]!r} is not Unicode text (lone surrogate)") from None
        if types and not all(all(map(isinstance, row, types)) for row in found):
            raise ValueError(f"{self.path}: is damaged (a value in it is of another type than it must be)")
        return found


def one_line(error: Exception) -> str:
    """SQLite may show the text that it could not read."""
    return " ".join(str(error).split())[:120]


def place_of(source: str, offset: int, page: int, line: int) -> Place:
    """SQLite cannot tell two NULLs apart, so 0 says that there is no page, or no line."""
    return Place(source, offset, page or None, line or None)
