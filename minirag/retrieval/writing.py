"""How are passages written, so that what is said twice is kept once? One after another, into one SQLite file.

Paper     RAG §3 (its 21 million passages are disjoint); DPR §4.1
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/retrieval/test_writing.py, tests/retrieval/test_changing.py

Memory does not grow with their number: which texts were seen is asked of SQLite too, by a hash of 16 bytes.
`Writer` also serves who changes a file that has passages already (changing.py).
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from minirag.retrieval.passage import Passage, Place

SCHEMA = """
CREATE TABLE IF NOT EXISTS passages(
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sources(source INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS places(row INTEGER, source INTEGER, line INTEGER, "offset" INTEGER, page INTEGER NOT NULL,
    named INTEGER NOT NULL, PRIMARY KEY (row, source, line, "offset")) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS other_ids(id TEXT PRIMARY KEY, row INTEGER NOT NULL, source INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS passages_fts USING fts5(
    title, text, content='passages', content_rowid='row', tokenize='unicode61 remove_diacritics 2');
CREATE TEMP TABLE texts(hash BLOB PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE dead(row INTEGER PRIMARY KEY);
CREATE TEMP TABLE stale(source INTEGER PRIMARY KEY);
CREATE TEMP TABLE touched(row INTEGER, named INTEGER);
"""
NO_SOURCE = 0  # of an id that came with no file


@dataclass
class Writer:
    """A transaction under way. `count`: rows so far; new passages get the next. `known`: which texts have a row, by hash.

    Rows in `dead` have lost their last place; one whose text turns up again lives on in its old row.
    """

    connection: sqlite3.Connection
    count: int
    merge_duplicates: bool
    searchable: bool = False  # is the full-text index kept up with every passage, or made of all of them at the end?

    def write(self, passage: Passage) -> bool:
        """Is it a new one? Else it is one that is there, with this place and this id added."""
        try:
            row = self.row_of_twin(passage) if self.merge_duplicates else self.count
            is_new = row == self.count
            revived = not is_new and self.revive(row)
            named = self.keep_id(row, passage, is_new, revived)
            if is_new:
                columns = (row, passage.id, passage.title, passage.text)
                self.connection.execute("INSERT INTO passages VALUES (?, ?, ?, ?)", columns)
                self.count += 1
                if self.searchable:
                    add_words(self.connection, row)
            self.insert_places(row, passage, named)
        except UnicodeEncodeError:
            raise ValueError(f"passage {passage.id!r} (row {self.count}): not Unicode text (lone surrogate)") from None
        return is_new

    def row_of_twin(self, passage: Passage) -> int:
        """The row of the first passage with this title and text; the next row where this is the first."""
        digest = hash_of(passage.title, passage.text)
        found = self.connection.execute("SELECT row FROM texts WHERE hash = ?", (digest,)).fetchone()
        if found is None:
            self.connection.execute("INSERT INTO texts VALUES (?, ?)", (digest, self.count))
            return self.count
        return found[0]

    def revive(self, row: int) -> bool:
        return self.connection.execute("DELETE FROM dead WHERE row = ?", (row,)).rowcount > 0

    def keep_id(self, row: int, passage: Passage, is_new: bool, revived: bool) -> bool:
        """An id belongs to one row: that of its passage, or of the passage's twin. Is it now the passage's own?"""
        sql = "SELECT row FROM passages WHERE id = ? UNION ALL SELECT row FROM other_ids WHERE id = ?"
        holder = self.connection.execute(sql, (passage.id, passage.id)).fetchone()
        if holder is not None and (is_new or holder[0] != row):
            raise ValueError(self.occurs_twice(holder[0], row, passage))
        if revived:
            self.connection.execute("UPDATE passages SET id = ? WHERE row = ?", (passage.id, row))
        elif holder is None and not is_new:
            source = self.source_of(passage.places[0].source) if passage.places else NO_SOURCE
            self.connection.execute("INSERT INTO other_ids VALUES (?, ?, ?)", (passage.id, row, source))
        return is_new or revived

    def occurs_twice(self, first_row: int, row: int, passage: Passage) -> str:
        """In which files, where it was read from files."""
        sql = "SELECT name, line FROM places JOIN sources USING (source) WHERE row = ? ORDER BY source, line LIMIT 1"
        first = self.connection.execute(sql, (first_row,)).fetchone()
        if first is None or not passage.places:
            return f"passage id {passage.id!r} occurs twice (the second time in row {row})"
        before, here = Place(first[0], line=first[1] or None), replace(passage.places[0], offset=0, page=None)
        return f"{here}: the passage id {passage.id!r} belongs to another text already (in {before})"

    def insert_places(self, row: int, passage: Passage, named: bool) -> None:
        for number, place in enumerate(passage.places):
            own = named and number == 0
            columns = (row, self.source_of(place.source), place.line or 0, place.offset, place.page or 0, own)
            self.connection.execute("INSERT OR IGNORE INTO places VALUES (?, ?, ?, ?, ?, ?)", columns)

    def source_of(self, name: str) -> int:
        """The file's number; a new one for a new file."""
        self.connection.execute("INSERT OR IGNORE INTO sources(name) VALUES (?)", (name,))
        return self.connection.execute("SELECT source FROM sources WHERE name = ?", (name,)).fetchone()[0]


def write_passages(
    path: Path, passages: Iterable[Passage], merge_duplicates: bool, on_passage: Callable[[Passage], None]
) -> None:
    """A journal would only slow this down: an unfinished file is deleted, never repaired."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        begin(connection)
        writer = Writer(connection, 0, merge_duplicates)
        for passage in passages:
            if writer.write(passage):
                on_passage(passage)
        connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('rebuild')")
        connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('optimize')")
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise ValueError(f"{path}: cannot be written ({error})") from None
    finally:
        connection.close()


def begin(connection: sqlite3.Connection) -> None:
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
    connection.execute("BEGIN")


def hash_of(title: str, text: str) -> bytes:
    """Of title and text, so that no two of them run into one another."""
    return blake2b(f"{len(title)} {title}{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def add_words(connection: sqlite3.Connection, row: int) -> None:
    """A passage's words into the full-text index."""
    connection.execute(
        "INSERT INTO passages_fts(rowid, title, text) SELECT row, title, text FROM passages WHERE row = ?", (row,)
    )


def remove_words(connection: sqlite3.Connection, row: int) -> None:
    """Out of it again: FTS5 has to be told which they were."""
    connection.execute(
        "INSERT INTO passages_fts(passages_fts, rowid, title, text) SELECT 'delete', row, title, text FROM passages"
        " WHERE row = ?",
        (row,),
    )
