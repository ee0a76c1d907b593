"""What is a passage? A text with a title and a name, and the places where it stands, so that an answer can cite them.

Paper     RAG §3 (100-word passages with the title of their article)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_passage.py
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """`source`: the file, as it was named. `offset`: the passage's first character, from 0.

    It counts characters of the file's text: of .txt and .md all that stands in them, without a byte order mark; of .html and
    .pdf what is left without the markup; in a file of rows it counts within the text of the row. `page`: of a .pdf, from 1.
    `line`: where the row begins, from 1; of a file without lines (parquet), the number of the row.
    """

    source: str
    offset: int = 0
    page: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        """`facts.csv:12`, `paper.pdf, page 3`, `notes.txt, character 1,200`, or the file alone for its beginning."""
        named = self.source if self.line is None else f"{self.source}:{self.line}"
        if self.page is not None:
            return f"{named}, page {self.page}"
        return f"{named}, character {self.offset:,}" if self.offset else named


@dataclass(frozen=True)
class Passage:
    """One retrievable text. `id` is the caller's name for it, unique within a knowledge base.

    places: where it stands, in the file that was read first to begin with; none where it came from no file.
    vector: d(z), a tensor of shape (D,), where whoever hands it in knows it (build_knowledge_base); a store hands out none, and
    equality does not ask. (Not typed as one: searching by words does without torch.)
    vector_source: the file that the vector came from, where that is not the passage's own.
    """

    id: str
    title: str
    text: str
    places: tuple[Place, ...] = ()
    vector: Any = field(default=None, compare=False, repr=False)
    vector_source: str = field(default="", compare=False, repr=False)


def places_named(places: Sequence[Place], most: int = 3) -> str:
    """The first few, and how many more there are; empty where there is none."""
    more = [f"and {len(places) - most:,} more"] if len(places) > most else []
    return " · ".join([*map(str, places[:most]), *more])
