"""How do evaluations look side by side in 80 columns? Answers above, retrieval below, and what they were measured with.

Paper     RAG, tables 1 and 6; DPR, table 2
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/cli/test_report_table.py
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from minirag.cli.console import harmless

if TYPE_CHECKING:
    from minirag.evaluation.measures import Measure
    from minirag.evaluation.report import Report, Settings

ANSWERS = {"exact match": "exact_match", "F1": "f1", "no passage holds it": "exact_match_without_answer"}
RETRIEVAL = {
    "gold in top 1": "recall_at_1",
    "gold in top 5": "recall_at_5",
    "gold in top 20": "recall_at_20",
    "MRR of gold": "mrr",
    "R-precision of titles": "r_precision",
    "answer in top 1": "answer_in_top_1",
    "answer in top 5": "answer_in_top_5",
    "answer in top 20": "answer_in_top_20",
}
WITHOUT = "no passage holds it: exact match where no retrieved passage has the answer"
INTERVAL = "±: half of the 95 % bootstrap interval"


def report_table(reports: "Sequence[tuple[str, Report]]") -> Group:
    """In percent. What was not measured by any of them is not shown."""
    parts: list[RenderableType] = [answer_table(reports)]
    if measured(reports, RETRIEVAL):
        parts += [Text(), retrieval_table(reports)]
    return Group(*parts, Text(), *map(Text, legend(reports)))


def measured(reports: "Sequence[tuple[str, Report]]", names: dict[str, str]) -> dict[str, str]:
    """Those of the names under which one of the reports has a number."""
    return {name: key for name, key in names.items() if any(key in report.measures for _, report in reports)}


def legend(reports: "Sequence[tuple[str, Report]]") -> list[str]:
    """Without this a number cannot be compared."""
    settings = [report.settings for _, report in reports]
    checkpoints = [each.checkpoint for each in settings if each is not None and each.checkpoint is not None]
    lines = [*map(described, settings), *(f"checkpoint: {harmless(name)}" for name in checkpoints)]
    if "exact_match_without_answer" in measured(reports, ANSWERS).values():
        lines.append(WITHOUT)
    if any(measure.low is not None for _, report in reports for measure in report.measures.values()):
        lines.append(INTERVAL)
    return list(dict.fromkeys(lines))


def answer_table(reports: "Sequence[tuple[str, Report]]") -> Table:
    """One row per report."""
    shown = measured(reports, ANSWERS)
    table = plain_table()
    for number, name in enumerate(("model", "setting", "questions", *shown)):
        table.add_column(name, justify="left" if number < 2 else "right", no_wrap=number < 2, vertical="bottom")
    for name, report in reports:
        model = "elsewhere" if report.settings is None else f"RAG-{report.settings.variant.capitalize()}"
        shares = (percent(report.measures.get(key)) for key in shown.values())
        table.add_row(model, name, f"{report.n:,}", *shares)
    return table


def retrieval_table(reports: "Sequence[tuple[str, Report]]") -> Table:
    """One column per setting where RAG-Token and RAG-Sequence retrieved alike, else one for each of them."""
    columns = retrieval_columns(reports)
    table = plain_table()
    table.add_column("retrieved", no_wrap=True)
    for header, _ in columns:
        table.add_column(header, justify="right")
    for name, key in measured(reports, RETRIEVAL).items():
        table.add_row(name, *(percent(measures.get(key)) for _, measures in columns))
    return table


def retrieval_columns(reports: "Sequence[tuple[str, Report]]") -> "list[tuple[str, dict[str, Measure]]]":
    columns: list[tuple[str, dict[str, Measure]]] = []
    for name, report in reports:
        measures = {key: report.measures[key] for key in RETRIEVAL.values() if key in report.measures}
        if measures and (name, measures) not in columns:
            columns.append((name, measures))
    return columns


def plain_table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def percent(measure: "Measure | None") -> str:
    if measure is None:
        return "–"
    if measure.low is None or measure.high is None:
        return f"{100 * measure.mean:.1f} %"
    return f"{100 * measure.mean:.1f} ± {50 * (measure.high - measure.low):.1f} %"


def described(settings: "Settings | None") -> str:
    if settings is None:
        return "elsewhere: these answers were given, not made"
    read = "an empty passage" if settings.n_docs is None else f"{settings.n_docs} passages, {settings.index} index"
    beams = "1 beam" if settings.num_beams == 1 else f"{settings.num_beams} beams"
    return f"RAG-{settings.variant.capitalize()}: {read}, {beams}, {settings.decoding} decoding"
