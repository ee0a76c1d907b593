"""How do documents change that are in a knowledge base already? Their passages are exchanged, in a copy of its passages.

Paper     RAG §4.5 (what the model knows changes with its index)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_changing.py

Four steps, one transaction:

    forget     the places in files that are stale are taken out; a passage without any place left is dead
    write      what the files say now is put in; a text that was there before keeps its row, dead or not (writing.py)
    fill up    passages from the end move into the rows of those that stayed dead: rows are 0 … N−1 again
    search     the full-text index is told of every passage that came, went or moved

So a row changes only if its passage did, or was moved: vectors and graph need to be touched in these rows alone.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from minirag.retrieval.passage import Passage
from minirag.retrieval.writing import Writer, add_words, begin, hash_of, remove_words


@dataclass(frozen=True)
class Changes:
    """`before`: how many passages there were, `count`: are. `moved`: (row, where its passage was before), in order of rows.

    A passage that was in row `before` or behind is a new one. `removed`: those that are gone.
    """

    before: int
    count: int
    moved: tuple[tuple[int, int], ...] = ()
    removed: int = 0

    def new_rows(self) -> list[int]:
        """Rows of passages that were not there, in order."""
        filled = [row for row, was in self.moved if was >= self.before]
        return sorted(filled) + list(range(self.before, self.count))

    def kept_rows(self) -> list[tuple[int, int]]:
        """(row, row before) of passages that only moved."""
        return [(row, was) for row, was in self.moved if was < self.before]


def change_passages(
    path: Path,
    stale: Callable[[str], bool],
    passages: Iterable[Passage],
    on_passage: Callable[[Passage], None] = lambda passage: None,
) -> Changes:
    """Change the file at `path`: no place in a source that is `stale` stays, unless `passages` names it again.

    on_passage: is called with each new passage. When this fails the file is of no use: it must be a copy.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        begin(connection)
        before = connection.execute("SELECT coalesce(max(row) + 1, 0) FROM passages").fetchone()[0]
        remember_texts(connection)
        forget_sources(connection, stale)
        writer = Writer(connection, before, merge_duplicates=True, searchable=True)
        for passage in passages:
            if writer.write(passage):
                on_passage(passage)
        changes = fill_up(connection, before, writer.count)
        connection.execute("COMMIT")
        return changes
    except sqlite3.Error as error:
        raise ValueError(f"{path}: cannot be changed ({error})") from None
    finally:
        connection.close()


def remember_texts(connection: sqlite3.Connection) -> None:
    """Which texts have a row, the first where several have the same."""
    connection.create_function("hash_of", 2, hash_of, deterministic=True)
    connection.execute("INSERT OR IGNORE INTO texts SELECT hash_of(title, text), row FROM passages ORDER BY row")


def forget_sources(connection: sqlite3.Connection, stale: Callable[[str], bool]) -> None:
    names = connection.execute("SELECT source, name FROM sources").fetchall()
    connection.executemany("INSERT INTO stale VALUES (?)", [(source,) for source, name in names if stale(name)])
    chosen = "source IN (SELECT source FROM stale)"
    connection.execute(f"INSERT INTO touched SELECT row, max(named) FROM places WHERE {chosen} GROUP BY row")
    for table in ("places", "other_ids", "sources"):
        connection.execute(f"DELETE FROM {table} WHERE {chosen}")
    connection.execute("INSERT INTO dead SELECT row FROM touched WHERE row NOT IN (SELECT row FROM places)")
    connection.execute("DELETE FROM other_ids WHERE row IN (SELECT row FROM dead)")
    connection.execute("UPDATE passages SET id = char(0) || row WHERE row IN (SELECT row FROM dead)")
    for (row,) in connection.execute(
        "SELECT row FROM touched WHERE named AND row NOT IN (SELECT row FROM dead)"
    ).fetchall():
        name_again(connection, row)


def name_again(connection: sqlite3.Connection, row: int) -> None:
    """A passage that was called after a place that is gone is called after one of those that are left."""
    found = connection.execute("SELECT id, source FROM other_ids WHERE row = ? ORDER BY source, id", (row,)).fetchone()
    if found is None:  # they all gave it the same id
        source = connection.execute("SELECT min(source) FROM places WHERE row = ?", (row,)).fetchone()[0]
    else:
        name, source = found
        connection.execute("DELETE FROM other_ids WHERE id = ?", (name,))
        connection.execute("UPDATE passages SET id = ? WHERE row = ?", (name, row))
    connection.execute("UPDATE places SET named = 1 WHERE row = ? AND source = ?", (row, source))


def fill_up(connection: sqlite3.Connection, before: int, count: int) -> Changes:
    """The last passages move into dead rows, in order; no row is left empty."""
    dead = [row for (row,) in connection.execute("SELECT row FROM dead ORDER BY row")]
    for row in dead:
        remove_words(connection, row)
    connection.execute("DELETE FROM passages WHERE row IN (SELECT row FROM dead)")
    left = count - len(dead)
    holes = [row for row in dead if row < left]
    last = [row for (row,) in connection.execute("SELECT row FROM passages WHERE row >= ? ORDER BY row", (left,))]
    for row, was in zip(holes, last, strict=True):
        move(connection, row, was)
    return Changes(before, left, tuple(zip(holes, last, strict=True)), len(dead))


def move(connection: sqlite3.Connection, row: int, was: int) -> None:
    remove_words(connection, was)
    for table in ("passages", "places", "other_ids"):
        connection.execute(f"UPDATE {table} SET row = ? WHERE row = ?", (row, was))
    add_words(connection, row)
