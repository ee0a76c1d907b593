"""What do many judged answers say together? Means under names that are the same everywhere, with their intervals.

Paper     RAG table 1 (exact match), §4.1 (right although no passage holds the answer); DPR table 2; KILT (R-precision)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_measures.py

    exact_match, f1              of all questions
    recall_at_k, mrr             of those that name a gold passage: is it among the first k, 1 / its rank
    r_precision                  of those whose gold titles are known
    answer_in_top_k              of all: does one of the first k passages hold an answer?
    answer_retrieved             the same for all K
    exact_match_without_answer   exact match of those for which none of the K passages holds an answer
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from minirag.evaluation.bootstrap import RESAMPLES, bootstrap_intervals
from minirag.evaluation.judged import Judged
from minirag.evaluation.metrics import reciprocal_rank

KS = (1, 5, 20)
Columns = dict[str, Sequence[float]]  # name → one value per question


@dataclass(frozen=True)
class Measure:
    """A mean over n questions, as a share of 1, and the ends of its 95 % bootstrap interval."""

    mean: float
    n: int
    low: float | None = None
    high: float | None = None


def measures_of(rows: Sequence[Judged], n_docs: int | None, resamples: int = RESAMPLES) -> dict[str, Measure]:
    """n_docs: how many passages were asked for, None for a closed book. What was not measured is not there."""
    columns = answer_columns(rows)
    if n_docs is not None:
        columns |= gold_columns(rows, n_docs) | holding_columns(rows, n_docs)
    return with_intervals({name: values for name, values in columns.items() if values}, resamples)


def answer_columns(rows: Sequence[Judged]) -> Columns:
    return {"exact_match": [float(row.exact_match) for row in rows], "f1": [row.f1 for row in rows]}


def gold_columns(rows: Sequence[Judged], n_docs: int) -> Columns:
    ranks = [row.gold_rank for row in rows if row.question.gold]
    recall: Columns = {f"recall_at_{k}": [within(rank, k) for rank in ranks] for k in KS if k <= n_docs}
    titles = [row.r_precision for row in rows if row.r_precision is not None]
    return recall | {"mrr": [reciprocal_rank(rank) for rank in ranks], "r_precision": titles}


def holding_columns(rows: Sequence[Judged], n_docs: int) -> Columns:
    ranks = [row.answer_rank for row in rows]
    holding: Columns = {f"answer_in_top_{k}": [within(rank, k) for rank in ranks] for k in KS if k <= n_docs}
    without = [float(row.exact_match) for row in rows if row.answer_rank is None]
    return holding | {
        "answer_retrieved": [within(rank, n_docs) for rank in ranks],
        "exact_match_without_answer": without,
    }


def within(rank: int | None, k: int) -> float:
    return float(rank is not None and rank <= k)


def with_intervals(columns: Columns, resamples: int) -> dict[str, Measure]:
    """Columns of as many questions are drawn from together, which is as fast as one of them."""
    measures: dict[str, Measure] = {}
    for count in {len(values) for values in columns.values()}:
        names = [name for name, values in columns.items() if len(values) == count]
        values = torch.tensor([columns[name] for name in names], dtype=torch.float64).T  # (N, M)
        ends = bootstrap_intervals(values, resamples).tolist()
        means = values.mean(dim=0).tolist()
        measures |= {name: Measure(mean, count, *pair) for name, mean, pair in zip(names, means, ends, strict=True)}
    return {name: measures[name] for name in columns}
