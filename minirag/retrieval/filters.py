"""Which passages may be found at all? Those of one title or source, or of all that match a pattern.

Paper     none
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_filters.py
"""

from dataclasses import asdict, dataclass

from minirag.retrieval.passages import PassageStore


@dataclass(frozen=True)
class Only:
    """Passages of this title, and of this source file: the very string, or one that it matches as a pattern.

    In a pattern * is any text, ? any character, [abc] one of these; large and small letters differ.
    """

    title: str | None = None
    source: str | None = None


ALL = Only()
ASKED = {
    "title": "(title = ? OR title GLOB ?)",
    "source": "row IN (SELECT places.row FROM places JOIN sources USING (source) WHERE name = ? OR name GLOB ?)",
}


def condition(store: PassageStore, only: Only) -> tuple[str, list[str]]:
    """What SQLite has to ask of a row of `passages`, and its parameters.

    A passage that stands in several files passes if one of them does. ValueError: a store that knows of no files.
    """
    wanted = {name: text for name, text in asdict(only).items() if text is not None}
    if "source" in wanted and not store.sources():
        raise ValueError(f"{store.path}: does not say which files its passages came from")
    return " AND ".join(ASKED[name] for name in wanted) or "TRUE", [text for text in wanted.values() for _ in range(2)]


def passing_rows(store: PassageStore, only: Only) -> list[int]:
    """The rows of the passages that pass, in their order."""
    asked, parameters = condition(store, only)
    return [row for (row,) in store.select(f"SELECT row FROM passages WHERE {asked} ORDER BY row", parameters)]
