"""From answers to a table: means over seeds, how far they could be off, and what each row changes.

Paper     RAG tables 1 and 6; Efron and Tibshirani 1993, ch. 13 (percentile interval)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_tables.py

A question's score is its mean over the seeds; the interval is the bootstrap's over questions, and the difference of two rows is
that of the same questions. Beside it stand the means of the single seeds: how far apart trainings are is another matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from minirag.evaluation.bootstrap import bootstrap_intervals
from minirag.experiments.answers import Answers, Values
from minirag.experiments.rows import Experiment, Row

Json = dict[str, Any]


def table(
    experiment: Experiment,
    results: Mapping[str, Sequence[Answers]],
    trainings: Mapping[str, Sequence[tuple[float, str]]],
) -> Json:
    """All of it as JSON: from this the page is written. results and trainings: row → one entry for each seed."""
    rows = []
    for row in experiment.rows:
        answers = results[row.name]
        own = {name: estimate([each.columns.get(name) for each in answers]) for name in experiment.measures}
        rows.append(
            {
                "row": row.name,
                "against": row.against,
                "setting": asdict(row.setting),
                "settings": {**asdict(answers[0].settings), "checkpoint": [a.settings.checkpoint for a in answers]},
                "measures": {name: found for name, found in own.items() if found is not None},
                "difference": difference(experiment, row, results),
                "asked_seconds": [round(each.seconds, 1) for each in answers],
                "trained_seconds": [round(seconds, 1) for seconds, _ in trainings[row.name]],
                "machines": sorted({*(a.machine for a in answers), *(name for _, name in trainings[row.name])}),
            }
        )
    facts = {"name": experiment.name, "title": experiment.title, "said": experiment.said}
    return {**facts, "measures": list(experiment.measures), "rows": rows}


def estimate(columns: Sequence[Values | None]) -> Json | None:
    """One column per seed → mean, ends of its interval, number of questions, and each seed's mean. None: nothing "
    "measured."""
    given = [column for column in columns if column is not None]
    values = [value for value in seed_means(given) if value is not None]
    if not values:
        return None
    low, high = interval(values)
    each = [mean([value for value in column if value is not None]) for column in given]
    return {"mean": mean(values), "low": low, "high": high, "n": len(values), "each": each}


def difference(experiment: Experiment, row: Row, results: Mapping[str, Sequence[Answers]]) -> Json | None:
    """The row less the one it is compared with, over the questions that both have, in the first measure."""
    if row.against is None:
        return None
    name = experiment.measures[0]
    mine, its = (
        seed_means([each.columns[name] for each in results[which] if name in each.columns])
        for which in (row.name, row.against)
    )
    pairs = [a - b for a, b in zip(mine, its, strict=True) if a is not None and b is not None]
    if not pairs:
        return None
    low, high = interval(pairs)
    return {"mean": mean(pairs), "low": low, "high": high, "n": len(pairs)}


def seed_means(columns: Sequence[Values]) -> Values:
    """Question by question over the seeds that say something of it; None where none does."""
    questions = zip(*columns, strict=True)
    known = [[value for value in values if value is not None] for values in questions]
    return [mean(values) if values else None for values in known]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % of the bootstrap's means."""
    ((low, high),) = bootstrap_intervals(torch.tensor(values, dtype=torch.float64)[:, None]).tolist()
    return low, high


def mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None
