"""How do evaluations look side by side in 80 columns?

Paper     RAG, table 1
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/cli/test_evaluate.py
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from minirag.evaluation.evaluate import Report, Settings

COLUMNS = ("model", "setting", "questions", "exact match", "F1", "gold top 1", "gold top 5")


def report_table(reports: "Sequence[tuple[str, Report]]") -> Group:
    """One row per report, in percent, and below it what each was asked with."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if number < 2 else "right", no_wrap=number < 2)
    for name, report in reports:
        shares = (report.exact_match, report.f1, report.recall_at_1, report.recall_at_5)
        table.add_row(f"RAG-{report.settings.variant.capitalize()}", name, f"{report.n:,}", *map(percent, shares))
    return Group(table, Text(), *map(Text, dict.fromkeys(described(report.settings) for _, report in reports)))


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def described(settings: "Settings") -> str:
    """Without this a number cannot be compared."""
    read = "an empty passage" if settings.n_docs is None else f"{settings.n_docs} passages, {settings.index} index"
    beams = "1 beam" if settings.num_beams == 1 else f"{settings.num_beams} beams"
    return f"RAG-{settings.variant.capitalize()}: {read}, {beams}, {settings.decoding} decoding"
