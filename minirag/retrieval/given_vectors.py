"""What if the documents bring their vectors along? They are kept aside while passages are written, then taken.

Paper     DPR §4.1, RAG §2.4 (one and the same context encoder makes every vector of an index)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_given_vectors.py

A column of numbers does not say which encoder made it. So some of the passages are encoded here too, of each file its 1st,
2nd, 4th, 8th, …, and where the two vectors of one passage do not agree, the file is refused: every search in it would be wrong
with nothing to show it. Those in between are believed. Of given vectors, then, the fingerprint of a knowledge base says that
its encoder made all that were tried. One that was shortened to length 1, or made without the title, does not agree.
"""

import sqlite3
import weakref
from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.retrieval.building import Encode
from minirag.retrieval.passage import Passage

AGREES = (
    0.1  # ‖given − encoded‖ / ‖encoded‖: float16 costs about 0.001, bfloat16 0.01; other encoders' differ by about 1
)
SCHEMA = "CREATE TABLE IF NOT EXISTS given(id TEXT PRIMARY KEY, tried INTEGER NOT NULL, vector BLOB NOT NULL)"
Given = tuple[bool, Float[Tensor, " D"]]  # is it to be compared with the encoder's, and the vector


class GivenVectors:
    """Passage id → vector, in a file of its own that is needed until the last passage has its vector."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self.connection.close)
        try:
            self.connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA + "; BEGIN")
        except sqlite3.Error as error:
            raise ValueError(f"{path}: cannot be written ({error})") from None
        self.count: int = self.connection.execute("SELECT count(*) FROM given").fetchone()[0]
        self.source, self.of_source = "", 0  # which file the last one came from, and the how many-th of it that was

    def keep(self, passage: Passage) -> None:
        """To be called in the order of rows; a passage without a vector is passed over."""
        if passage.vector is None:
            return
        source = passage.vector_source or (passage.places[0].source if passage.places else "")
        self.of_source = self.of_source + 1 if source == self.source else 1
        self.source, self.count = source, self.count + 1
        tried = self.of_source & (self.of_source - 1) == 0  # a power of two
        numbers = passage.vector.detach().float().cpu().numpy().tobytes()
        self.connection.execute("INSERT INTO given VALUES (?, ?, ?)", (passage.id, tried, numbers))

    def of(self, passage: Passage) -> Given | None:
        sql = "SELECT tried, vector FROM given WHERE id = ?"
        found = self.connection.execute(sql, (passage.id,)).fetchone()
        if found is None:
            return None
        return bool(found[0]), torch.frombuffer(bytearray(found[1]), dtype=torch.float32)

    def close(self) -> None:
        """All are on disk, for a later process too."""
        try:
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise ValueError(f"{self.path}: cannot be written ({error})") from None
        self.connection.close()


def with_given(given: GivenVectors, encode: Encode) -> Encode:
    """d(z) as it was given, else as `encode` computes it; ValueError: one that was given and tried does not agree."""

    def encode_others(passages: Sequence[Passage]) -> Float[Tensor, "n D"]:
        own = [given.of(passage) for passage in passages]
        asked = [n for n, found in enumerate(own) if found is None or found[0]]
        made = encode([passages[n] for n in asked]).detach().float().cpu() if asked else torch.empty(0, 0)
        for row, n in enumerate(asked):
            if (found := own[n]) is not None:
                check_agreement(passages[n], found[1], made[row])
        new = dict(zip(asked, made, strict=True))
        return torch.stack([new[n] if found is None else found[1] for n, found in enumerate(own)])

    return encode_others if given.count else encode


def check_agreement(passage: Passage, given: Float[Tensor, " G"], encoded: Float[Tensor, " D"]) -> None:
    """‖given − encoded‖ ≤ 0.1 ‖encoded‖. ValueError names the place of the passage."""
    where = passage.places[0] if passage.places else f"passage {passage.id!r}"
    if len(given) != len(encoded):
        raise ValueError(
            f"{where}: its vector has dimension {len(given)}, those of this context encoder have {len(encoded)}"
        )
    off = float((given - encoded).norm() / encoded.norm().clamp(min=1e-12))
    if not off <= AGREES:  # NaN is not
        raise ValueError(
            f"{where}: its vector was not made by this context encoder (off by {off:.0%} of its length,"
            f" cosine {float(torch.cosine_similarity(given, encoded, dim=0)):.2f}); without those vectors it is encoded here"
        )
