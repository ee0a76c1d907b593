"""What does the generator read when words alone retrieve? BM25's passages, and its scores as the logits of p(z|x).

Paper     RAG §4.5, table 6 (RAG-Token-BM25, RAG-Sequence-BM25)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/retrieval/test_bm25_passages.py
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.passages import Passage, PassageStore


def bm25_passages(
    store: PassageStore, questions: Sequence[str], n_docs: int, scale: float = 1.0
) -> tuple[list[list[Passage]], Float[Tensor, "B K"]]:
    """At most n_docs passages for each question, best first, and scale · BM25(x, z); 0 where there are fewer.

    A question that shares no word with any passage has none.
    """
    found = [search_bm25(store, question, n_docs) for question in questions]
    scores = torch.zeros(len(questions), max([1, *map(len, found)]))
    for row, those in enumerate(found):
        scores[row, : len(those)] = scale * torch.tensor([score for _, score in those])
    return [store.get([row for row, _ in those]) for those in found], scores
