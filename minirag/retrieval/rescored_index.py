"""How does a graph of short vectors find what whole vectors would? It names candidates, and their whole vectors decide.

Paper     RAG §3 (FAISS with HNSW); Jégou et al. 2011 (arXiv 1102.3828), §1: re-ranking a short list
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_rescored_index.py

The graph holds vectors along their principal axes (principal_axes.py), a third of the numbers. Of the `ef` candidates that a
walk has kept the best 400 are scored again, exactly: their order, and the scores that come out, are those of exact search.

More need not be. Where a search has to keep many candidates, it is to find its way, not because short vectors rank badly: in
a graph of 200,000 made-up passages (`make million`) with 1,600 candidates, 98.2 % of the exact top 5 were among the best 50 by
short vectors, 99.5 % among 100, 99.9 % among 400, and as many among all 1,600.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from minirag.retrieval.along_axes import AlongAxes, Axes
from minirag.retrieval.exact_index import check_scores, check_search
from minirag.retrieval.hnsw_index import HNSWIndex
from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.vectors import in_float32

RESCORED, TIMES = 400, 4  # candidates of a question that are scored again: 400, or 4 k where that is more
AT_ONCE = 2**20  # numbers of candidates' vectors: 4 MB in float32, always in the same place


@dataclass(frozen=True, eq=False)
class RescoredIndex:
    """A graph of `vectors` along `axes`, and the vectors. `ef`: how many candidates are kept, and scored exactly."""

    graph: HNSWIndex
    axes: Axes
    vectors: Stored

    @classmethod
    def build(cls, vectors: Stored, axes: Axes, **settings: Any) -> "RescoredIndex":
        """settings: those of HNSWIndex.build. Which axes: principal_axes.py."""
        return cls(HNSWIndex.build(AlongAxes(vectors, axes), **settings), axes, vectors)

    def search(self, queries: Float[Tensor, "Q D"], k: int) -> tuple[Float32[Tensor, "Q k"], Int[Tensor, "Q k"]]:
        """About the top-k over z of d(z)ᵀq: exact scores, best first, and their rows. k is at most N."""
        check_search(queries, len(self.axes), k)
        asked = queries.detach().float().cpu()
        rows = self.candidates(torch.cat([one @ self.axes for one in asked.split(1)]), k)  # see check_search
        together = max(1, AT_ONCE // (rows.shape[1] * asked.shape[1]))
        place = torch.empty(together * rows.shape[1], asked.shape[1])
        parts = zip(asked.split(together), rows.split(together), strict=True)
        found = [self.best_of(queries, candidates, k, place) for queries, candidates in parts]
        scores, best = (torch.cat(part) for part in zip(*found, strict=True))
        check_scores(scores, best)
        return scores.to(queries.device), best.to(queries.device)

    def candidates(self, queries: Float32[Tensor, "Q C"], k: int) -> Int[Tensor, "Q c"]:
        """The best by their short vectors; k of them in a graph that does not lead to more."""
        try:
            return self.graph.search(queries, min(max(k, self.ef), max(RESCORED, TIMES * k)))[1]
        except ValueError:
            return self.graph.search(queries, k)[1]

    def best_of(
        self, queries: Float32[Tensor, "q D"], rows: Int[Tensor, "q c"], k: int, place: Float32[Tensor, "n D"]
    ) -> tuple[Float32[Tensor, "q k"], Int[Tensor, "q k"]]:
        """d(z)ᵀq of the candidates of each question. (So small products are faster as a sum than as a call.)"""
        whole = in_float32(self.vectors.index_select(0, rows.flatten()), place[: rows.numel()])
        products = whole.unflatten(0, rows.shape).mul_(queries[:, None])  # (q, c, D)
        scores, places = products.sum(dim=-1).topk(min(k, rows.shape[1]), dim=1)
        return scores, rows.gather(1, places)

    def changed(
        self, vectors: Stored, rows: list[int], progress: Callable[[int], None] | None = None
    ) -> "RescoredIndex":
        """See HNSWIndex.changed: along the axes that were there."""
        graph = self.graph.changed(AlongAxes(vectors, self.axes), rows, progress)
        return RescoredIndex(graph, self.axes, vectors)

    def with_ef(self, ef: int) -> "RescoredIndex":
        return replace(self, graph=self.graph.with_ef(ef))

    @property
    def ef(self) -> int:
        return self.graph.ef

    @property
    def count(self) -> int:
        return self.graph.count

    @property
    def held(self) -> int:
        return self.graph.held

    def save(self, path: str | Path) -> None:
        """The graph alone: axes and vectors have files of their own."""
        self.graph.save(path)

    def check_vectors(self, path: Path, vectors: Stored, rows: Int[Tensor, " R"] | None = None) -> None:
        """See HNSWIndex.check_vectors."""
        self.graph.check_vectors(path, AlongAxes(vectors, self.axes), rows)
