"""How is a knowledge base searched? By its vectors, by words, or by both: a question and k go in, ranked rows come out.

Paper     RAG §2.2 (maximum inner product search), §4.5 (BM25 in its place); both together are not in the paper
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_searching.py

    exact    d(z)ᵀq(x) of all vectors           (exact_index.py)
    hnsw     d(z)ᵀq(x) of those a graph leads to (hnsw_index.py)
    bm25     words                               (bm25.py)
    hybrid   bm25 and the knowledge base's own index, exact or hnsw, made one ranking (fusion.py)

A search by words alone needs no vectors: `bm25_search(open_passages(folder))` is one without torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from minirag.retrieval.bm25 import bm25_search
from minirag.retrieval.building import EXACT_UP_TO
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.filters import ALL, Only, passing_rows
from minirag.retrieval.fusion import Ranked, Search, fused
from minirag.retrieval.knowledge_base import KnowledgeBase

EncodeQuestions = Callable[[Sequence[str]], Float[Tensor, "B D"]]
KINDS = ("exact", "hnsw", "bm25", "hybrid")


@dataclass(frozen=True)
class Fusion:
    """How a hybrid search joins its halves: "sum" or "rrf", and how much BM25 counts, from 0 to 1.

    Of 500 questions of openqa's training set, over 21,840 passages with MiniLM's vectors, the sum had the gold passage first
    for 67.4 % and among five for 89.4 %, reciprocal rank fusion 65.2 and 87.2 %. Shares from 0.4 to 0.6 are about as good.
    """

    how: str = "sum"
    bm25_share: float = 0.5


BY_SCORES = Fusion()


def open_search(
    knowledge_base: KnowledgeBase,
    kind: str,
    encode: EncodeQuestions | None = None,
    only: Only = ALL,
    fusion: Fusion = BY_SCORES,
) -> Search:
    """questions, k → for each question at most k (row, score), best first. Batches give what single questions give.

    kind: one of the four above; all but bm25 need `encode`. only: which passages may be found.
    ValueError: another kind, a graph that is not there, no `encode`, a share of BM25 outside [0, 1].
    """
    if kind not in KINDS:
        raise ValueError(f"index={kind!r} is not one of {', '.join(KINDS)}")
    by_words = bm25_search(knowledge_base.store, only)
    if kind == "bm25":
        return by_words
    made = knowledge_base.sidecar.index["kind"]
    if encode is None:
        raise ValueError(f"index {kind!r} needs an encoder of questions; only 'bm25' does without")
    if kind == "hnsw" and made != "hnsw":
        raise ValueError(f"{knowledge_base.folder}: has no hnsw index (it was made with index {made!r})")
    by_vectors = vector_search(knowledge_base, made if kind == "hybrid" else kind, encode, only)
    if kind != "hybrid":
        return by_vectors
    if not 0.0 <= fusion.bm25_share <= 1.0:
        raise ValueError(f"the share of BM25 is {fusion.bm25_share}, not between 0 and 1")
    return fused([by_vectors, by_words], [1.0 - fusion.bm25_share, fusion.bm25_share], fusion.how)


def vector_search(knowledge_base: KnowledgeBase, kind: str, encode: EncodeQuestions, only: Only) -> Search:
    """Questions are encoded, and their vectors searched for."""
    exact = ExactIndex(knowledge_base.vectors)
    index = knowledge_base.index if kind == "hnsw" else exact
    passing = None if only == ALL else torch.tensor(passing_rows(knowledge_base.store, only), dtype=torch.long)

    def search(questions: Sequence[str], k: int) -> list[Ranked]:
        with torch.no_grad():
            queries = encode(questions)
        found = index.search(queries, k) if passing is None else search_among(index, exact, queries, k, passing)
        scores, rows = (part.tolist() for part in found)
        return [list(zip(*one, strict=True)) for one in zip(rows, scores, strict=True)]

    return search


def search_among(
    index: Any, exact: ExactIndex, queries: Float[Tensor, "Q D"], k: int, passing: Int[Tensor, " R"]
) -> tuple[Float32[Tensor, "Q k"], Int[Tensor, "Q k"]]:
    """The best k of the rows that pass, by `index` (ExactIndex or HNSWIndex).

    A graph can't be walked past what does not pass, and asking Python at every step is slow. So where at most 50,000 pass,
    these are searched exactly. Where more do, the graph is asked for twice as many as should be needed, and what does
    not pass is left out; if a question is left with too few, all are searched exactly.
    """
    if index is exact or len(passing) <= EXACT_UP_TO:
        return exact.search(queries, k, passing)
    count = len(exact.vectors)
    scores, rows = index.search(queries, 2 * -(-k * count // len(passing)))
    passes = torch.zeros(count, dtype=torch.bool).index_fill(0, passing, True).to(rows.device)[rows]  # (Q, k')
    if int(passes.sum(dim=1).min()) < min(k, len(passing)):
        return exact.search(queries, k, passing)
    first = passes.int().argsort(dim=1, descending=True, stable=True)[:, :k]
    return scores.gather(1, first), rows.gather(1, first)
