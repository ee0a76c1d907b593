"""What does an evaluation hand back? The measures, what was asked how, and every single answer.

Paper     RAG App. A (n_docs, beams and decoding at test time)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_evaluate.py

A number without its settings cannot be compared with another one: a report carries both.
"""

from dataclasses import asdict, dataclass
from typing import Any

from minirag.evaluation.judged import Judged, row_as_object
from minirag.evaluation.measures import Measure


@dataclass(frozen=True)
class Settings:
    """What was asked how. `index` is None where no passages were retrieved (closed book), and so is n_docs."""

    variant: str
    n_docs: int | None
    num_beams: int
    decoding: str
    index: str | None
    checkpoint: str | None = None  # which weights: a name, and their fingerprint


@dataclass(frozen=True)
class Report:
    """`settings` is None where the answers were made elsewhere. Of `measures`, what was not measured is not there."""

    settings: Settings | None
    n: int
    measures: dict[str, Measure]
    rows: tuple[Judged, ...] = ()

    def mean(self, name: str) -> float | None:
        """As a share of 1; None where it was not measured."""
        return self.measures[name].mean if name in self.measures else None

    @property
    def exact_match(self) -> float:
        return self.measures["exact_match"].mean

    @property
    def f1(self) -> float:
        return self.measures["f1"].mean


def report_as_object(report: Report, rows: bool = True) -> dict[str, Any]:
    """For JSON, with one row per question unless they are left out."""
    settings = None if report.settings is None else asdict(report.settings)
    measures = {name: asdict(measure) for name, measure in report.measures.items()}
    kept = {"rows": [row_as_object(row) for row in report.rows]} if rows else {}
    return {"settings": settings, "n": report.n, "measures": measures, **kept}


def report_from_object(contents: dict[str, Any]) -> Report:
    """What `report_as_object` wrote, without the rows."""
    settings = None if contents["settings"] is None else Settings(**contents["settings"])
    measures = {name: Measure(**measure) for name, measure in contents["measures"].items()}
    return Report(settings, contents["n"], measures)
