"""How are passages written, so that what is said twice is kept once? One after another, into a new SQLite file.

Paper     RAG §3 (its 21 million passages are disjoint); DPR §4.1
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/retrieval/test_writing.py

Memory does not grow with their number: which texts were seen is asked of SQLite too, by a hash of 16 bytes.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from minirag.retrieval.passage import Passage, Place

SCHEMA = """
CREATE TABLE passages(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE sources(source INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE places(row INTEGER, source INTEGER, line INTEGER, "offset" INTEGER, page INTEGER NOT NULL,
    PRIMARY KEY (row, source, line, "offset")) WITHOUT ROWID;
CREATE TABLE other_ids(id TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE seen(hash BLOB PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE passages_fts USING fts5(
    title, text, content='passages', content_rowid='row', tokenize='unicode61 remove_diacritics 2');
"""


def write_passages(
    path: Path, passages: Iterable[Passage], merge_duplicates: bool, on_passage: Callable[[Passage], None]
) -> None:
    """A journal would only slow this down: an unfinished file is deleted, never repaired."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
        connection.execute("BEGIN")
        count = 0
        for passage in passages:
            row = write_passage(connection, count, passage, merge_duplicates)
            if row == count:
                count += 1
                on_passage(passage)
        connection.execute("DROP TABLE seen")
        connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('rebuild')")
        connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('optimize')")
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise ValueError(f"{path}: cannot be written ({error})") from None
    finally:
        connection.close()


def write_passage(connection: sqlite3.Connection, count: int, passage: Passage, merge_duplicates: bool) -> int:
    """Its row: `count`, or that of its twin."""
    try:
        row = row_of_twin(connection, count, passage) if merge_duplicates else count
        keep_id(connection, row, passage, is_new=row == count)
        if row == count:
            columns = (row, passage.id, passage.title, passage.text)
            connection.execute("INSERT INTO passages VALUES (?, ?, ?, ?)", columns)
        insert_places(connection, row, passage)
    except UnicodeEncodeError:
        raise ValueError(f"passage {passage.id!r} (row {count}): not Unicode text (lone surrogate)") from None
    return row


def row_of_twin(connection: sqlite3.Connection, row: int, passage: Passage) -> int:
    """The row of the first passage with this title and text; `row` where this is the first."""
    text = f"{len(passage.title)} {passage.title}{passage.text}"
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    found = connection.execute("SELECT row FROM seen WHERE hash = ?", (digest,)).fetchone()
    if found is None:
        connection.execute("INSERT INTO seen VALUES (?, ?)", (digest, row))
        return row
    return found[0]


def keep_id(connection: sqlite3.Connection, row: int, passage: Passage, is_new: bool) -> None:
    """An id belongs to one row: that of its passage, or of the passage's twin."""
    sql = "SELECT row FROM passages WHERE id = ? UNION ALL SELECT row FROM other_ids WHERE id = ?"
    holder = connection.execute(sql, (passage.id, passage.id)).fetchone()
    if holder is not None and (is_new or holder[0] != row):
        raise ValueError(occurs_twice(connection, holder[0], row, passage))
    if holder is None and not is_new:
        connection.execute("INSERT INTO other_ids VALUES (?, ?)", (passage.id, row))


def occurs_twice(connection: sqlite3.Connection, first_row: int, row: int, passage: Passage) -> str:
    """In which files, where it was read from files."""
    sql = "SELECT name, line FROM places JOIN sources USING (source) WHERE row = ? ORDER BY source, line LIMIT 1"
    first = connection.execute(sql, (first_row,)).fetchone()
    if first is None or not passage.places:
        return f"passage id {passage.id!r} occurs twice (the second time in row {row})"
    before, here = Place(first[0], line=first[1] or None), replace(passage.places[0], offset=0, page=None)
    return f"{here}: the passage id {passage.id!r} belongs to another text already (in {before})"


def insert_places(connection: sqlite3.Connection, row: int, passage: Passage) -> None:
    for place in passage.places:
        connection.execute("INSERT OR IGNORE INTO sources(name) VALUES (?)", (place.source,))
        source = connection.execute("SELECT source FROM sources WHERE name = ?", (place.source,)).fetchone()[0]
        columns = (row, source, place.line or 0, place.offset, place.page or 0)
        connection.execute("INSERT OR IGNORE INTO places VALUES (?, ?, ?, ?, ?)", columns)
