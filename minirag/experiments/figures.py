"""Which figures go with the tables? Exact match against n_docs, the loss of each fine-tuning, the retriever that collapses.

Paper     RAG Fig. 3, appendix H
Tutorial  tutorials/17_training_rag.py, tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_figures.py

A figure is drawn from the table's JSON, or from the metrics that a run wrote. matplotlib is imported only when one is drawn.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minirag.experiments.rows import Experiment, Setting
from minirag.experiments.runs import run_place
from minirag.experiments.size import Size
from minirag.training.run_folder import RunFolder

Json = dict[str, Any]
SMOOTHED = 8  # parts into which the steps of a loss curve are averaged


def draw(experiment: Experiment, made: Json, size: Size, out: Path, place: Path) -> list[Json]:
    """The figures of one table, as svg in `place`: their names, and what they show in words."""
    from minirag.plots import alt_text, exact_match_curve, loss_curve, retriever_collapse, save

    if experiment.name == "figure3":
        figures = {"figure3.svg": exact_match_curve(*rates(made))}
    elif experiment.name == "table1":
        lines = {row.name: mean_loss(out, row.setting, size) for row in experiment.rows}
        figures = {"losses.svg": loss_curve(lines, parts(size.steps))}
    elif experiment.name == "collapse":
        figures = {
            f"collapse-{number}.svg": retriever_collapse(*course(out, row.setting, size), n_docs=size.n_docs)
            for number, row in enumerate(experiment.rows, start=1)
        }
    else:
        figures = {}
    for name, figure in figures.items():
        save(figure, place / name)
    return [{"file": name, "says": alt_text(figure)} for name, figure in figures.items()]


def rates(made: Json) -> tuple[dict[str, list[float]], list[int]]:
    """Lines of exact match, one for each model, over the numbers of passages."""
    lines: dict[str, dict[int, float]] = {}
    for row in made["rows"]:
        model = f"RAG-{row['setting']['likelihood'].capitalize()}"
        lines.setdefault(model, {})[row["setting"]["n_docs"]] = row["measures"]["exact_match"]["mean"]
    return {model: list(points.values()) for model, points in lines.items()}, list(next(iter(lines.values())))


def parts(steps: int) -> list[int]:
    """The last step of each part."""
    count = min(SMOOTHED, steps)
    return [steps * (n + 1) // count for n in range(count)]


def mean_loss(out: Path, setting: Setting, size: Size) -> list[float]:
    """Over the seeds and over the steps of each part."""
    losses = [[row["loss"] for row in metrics(out, setting, seed) if "loss" in row] for seed in range(size.seeds)]
    averaged = [sum(values) / len(values) for values in zip(*losses, strict=True)]
    ends = parts(len(averaged))
    begins = [0, *ends[:-1]]
    return [sum(averaged[a:b]) / (b - a) for a, b in zip(begins, ends, strict=True)]


def course(out: Path, setting: Setting, size: Size) -> tuple[list[int], list[float], list[float]]:
    """Steps, share of distinct passages and entropy of the prior, the means over the seeds."""
    runs = [measures(metrics(out, setting, seed)) for seed in range(size.seeds)]
    steps = [row["step"] for row in runs[0]]
    return (steps, *(across(runs, name) for name in ("distinct_passages", "prior_entropy")))  # type: ignore[return-value]


def across(runs: Sequence[Sequence[Json]], name: str) -> list[float]:
    return [sum(row[name] for row in rows) / len(rows) for rows in zip(*runs, strict=True)]


def measures(rows: Sequence[Json]) -> list[Json]:
    return [row for row in rows if "distinct_passages" in row]


def metrics(out: Path, setting: Setting, seed: int) -> list[Json]:
    """What a run wrote down, step by step."""
    path = RunFolder(run_place(out, setting, seed)).metrics
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
