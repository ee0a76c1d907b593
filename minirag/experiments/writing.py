"""Everything that was found, gathered: tables, figures and the report, from what lies in OUT.

Paper     RAG §4
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_work.py
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minirag.experiments.figures import draw
from minirag.experiments.report import write_report
from minirag.experiments.rows import Experiment, training_name
from minirag.experiments.size import Size
from minirag.experiments.tables import table
from minirag.experiments.work import results, training_times
from minirag.experiments.world import World, described

Json = dict[str, Any]


def write_all(title: str, experiments: Sequence[Experiment], world: World, size: Size, out: Path, place: Path) -> None:
    """report.md, tables.json and the svg files in `place`. Every number is read from `out` again."""
    place.mkdir(parents=True, exist_ok=True)
    tables = []
    for experiment in experiments:
        made = table(experiment, results(experiment, size, out), training_times(experiment, size, out))
        tables.append({**made, "figures": draw(experiment, made, size, out, place)})
    contents = {"title": title, "world": described(world), "size": asdict(size), **totals(experiments, tables)}
    write_report({**contents, "tables": tables}, place)


def totals(experiments: Sequence[Experiment], tables: Sequence[Json]) -> Json:
    """Rows of several tables share a fine-tuning, and some an evaluation: each is counted once."""
    trained: dict[str, list[float]] = {}
    asked: dict[object, list[float]] = {}
    machines: set[str] = set()
    for experiment, made in zip(experiments, tables, strict=True):
        for row, found in zip(experiment.rows, made["rows"], strict=True):
            trained[training_name(row.setting)] = found["trained_seconds"]
            asked[row.setting] = found["asked_seconds"]
            machines.update(found["machines"])
    return {
        "trainings": sum(map(len, trained.values())),
        "trained_seconds": round(sum(map(sum, trained.values())), 1),
        "evaluations": sum(map(len, asked.values())),
        "asked_seconds": round(sum(map(sum, asked.values())), 1),
        "machines": sorted(machines),
    }
