"""How do two rankings become one? By their ranks alone, or by their scores on one scale.

Paper     Cormack, Clarke & Büttcher 2009 (reciprocal rank fusion); Bruch, Gai & Ingber 2023 (weighted sums against it)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_fusion.py

BM25's scores and inner products have nothing in common but that more is better: they cannot be added as they are. A
ranking holds each passage at most once; one that it does not hold gets nothing from it.
"""

from collections.abc import Callable, Sequence
from math import fsum, inf

Ranked = list[tuple[int, float]]  # (row, score) of some passages, best first
Search = Callable[[Sequence[str], int], list[Ranked]]  # questions, k → at most k passages for each question
Fuse = Callable[[Sequence[Ranked], Sequence[float]], Ranked]

RANK_CONSTANT = 60  # Cormack et al.'s
DEPTH = 100  # how far down each ranking is read, at least: a passage that is 30th in both may be first of all


def reciprocal_rank_fusion(rankings: Sequence[Ranked], weights: Sequence[float]) -> Ranked:
    """Σ_i w_i / (60 + rank_i(z)) over the rankings i that hold z, best first; equal ones by row. Ranks count from 1."""
    shares = [
        {row: weight / (RANK_CONSTANT + rank) for rank, (row, _) in enumerate(ranking, start=1)}
        for ranking, weight in counted(rankings, weights)
    ]
    return summed(shares)


def weighted_sum(rankings: Sequence[Ranked], weights: Sequence[float]) -> Ranked:
    """Σ_i w_i · (s_i(z) − min s_i) / (max s_i − min s_i), best first; equal ones by row.

    Minimum and maximum are those of the ranking: its best passage has 1, its last one 0, as if it had not been found.
    Where all scores of a ranking are equal, each counts as the best.
    """
    return summed([on_one_scale(ranking, weight) for ranking, weight in counted(rankings, weights)])


def on_one_scale(ranking: Ranked, weight: float) -> dict[int, float]:
    scores = [score for _, score in ranking]
    least, most = min(scores, default=0.0), max(scores, default=0.0)
    return {row: weight * ((score - least) / (most - least) if most > least else 1.0) for row, score in ranking}


def counted(rankings: Sequence[Ranked], weights: Sequence[float]) -> list[tuple[Ranked, float]]:
    """The rankings that count, each with its weight: what is found by one of weight 0 alone is not found."""
    if len(rankings) != len(weights):
        raise ValueError(f"{len(rankings)} rankings with {len(weights)} weights")
    if not all(0.0 <= weight < inf for weight in weights) or not any(weights):
        raise ValueError(f"weights {list(weights)} must be 0 or more, and one of them more than 0")
    return [(ranking, weight) for ranking, weight in zip(rankings, weights, strict=True) if weight > 0.0]


def summed(shares: Sequence[dict[int, float]]) -> Ranked:
    """Each row with the sum of its shares. fsum rounds once, so the order of the rankings does not matter."""
    rows = {row for share in shares for row in share}
    totals = [(row, fsum(share[row] for share in shares if row in share)) for row in rows]
    return sorted(totals, key=lambda found: (-found[1], found[0]))


FUSIONS: dict[str, Fuse] = {"sum": weighted_sum, "rrf": reciprocal_rank_fusion}


def fused(searches: Sequence[Search], weights: Sequence[float], fusion: str = "sum") -> Search:
    """One search made of several: each is asked for 100 passages, or k if that is more."""
    if fusion not in FUSIONS:
        raise ValueError(f"fusion={fusion!r} is not one of {', '.join(FUSIONS)}")
    counted([[]] * len(searches), weights)

    def search(questions: Sequence[str], k: int) -> list[Ranked]:
        found = [one(questions, max(k, DEPTH)) for one in searches]
        return [FUSIONS[fusion](rankings, weights)[:k] for rankings in zip(*found, strict=True)]

    return search
