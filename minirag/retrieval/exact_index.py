"""Which stored vectors have the largest inner product with a question's? Exact search: look at all of them.

Paper     RAG §2.2 (maximum inner product search)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_exact_index.py
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.vectors import blocks

ONE_THREAD = 16_384  # numbers


@dataclass(frozen=True, eq=False)
class ExactIndex:
    """All vectors, as they are stored (float16, float32 or int8, memory-mapped or not)."""

    vectors: Stored

    def search(
        self, queries: Float[Tensor, "Q D"], k: int, among: Int[Tensor, " R"] | None = None
    ) -> tuple[Float32[Tensor, "Q k"], Int[Tensor, "Q k"]]:
        """top-k over z of d(z)ᵀq, in float32: scores, best first, and their rows. k is at most N.

        among: the best of these rows; no other vector is read. There are as many as there are.

        One block of vectors at a time, and of each block only its own best k: these compete with the best k so far, so
        (Q, N) scores never exist at once.
        """
        check_search(queries, self.vectors.shape[1], k)
        questions = queries.detach().to(self.vectors.device, torch.float32)
        best_scores = questions.new_empty(len(questions), 0)
        best_rows = best_scores.long()
        for start, block in blocks(self.vectors, among):
            scores, rows = inner_products(questions, block).topk(min(k, len(block)), dim=1)
            scores = torch.cat([best_scores, scores], dim=1)
            best_scores, chosen = scores.topk(min(k, scores.shape[1]), dim=1)
            best_rows = torch.cat([best_rows, start + rows], dim=1).gather(1, chosen)
        best_rows = best_rows if among is None else among.to(best_rows.device)[best_rows]
        check_scores(best_scores, best_rows)
        return best_scores.to(queries.device), best_rows.to(queries.device)


def inner_products(queries: Float32[Tensor, "Q D"], vectors: Float32[Tensor, "n D"]) -> Float32[Tensor, "Q n"]:
    """In float32 even under autocast: in bfloat16 two scores near 75 that differ by 0.2 would be equal."""
    with torch.autocast(queries.device.type, enabled=False):
        return queries @ vectors.T


def check_search(queries: Float[Tensor, "Q D"], dimension: int, k: int) -> None:
    """What every index needs; hnswlib itself answers a NaN with arbitrary rows.

    So few numbers at a time that torch does not wake its other threads: on a machine with other work, waiting for them took
    longer than the search of a graph (80 ms instead of 0.8, 64 questions of 768 numbers).
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1")
    if queries.shape[1] != dimension:
        raise ValueError(f"the questions' vectors have dimension {queries.shape[1]}, the index has {dimension}")
    sums = [part.sum().item() for part in queries.detach().flatten().split(ONE_THREAD)]
    if not all(map(math.isfinite, sums)) and not queries.isfinite().all():  # sums of finite numbers can be too large
        row = int((~queries.isfinite().all(dim=1)).nonzero()[0])
        raise ValueError(f"the vector of question {row} is not finite (NaN or infinity)")


def check_scores(scores: Float32[Tensor, "Q k"], rows: Int[Tensor, "Q k"]) -> None:
    """A vector that was damaged on the disk can be NaN or infinite, and would be the best passage for every question."""
    if not scores.isfinite().all():
        row = int(rows[~scores.isfinite()][0])
        raise ValueError(f"the score of passage row {row} is not finite: is its vector damaged? (minirag verify)")
