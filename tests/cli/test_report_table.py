"""The table of an evaluation: what was measured, in 80 columns, with what it was measured with."""

from io import StringIO

from rich.console import Console

from minirag.cli.report_table import RETRIEVAL, report_table
from minirag.evaluation.measures import Measure
from minirag.evaluation.report import Report, Settings, report_as_object, report_from_object

FULL = Measure(1.0, 12000, 0.95, 1.0)
WIDE = dict.fromkeys(("exact_match", "f1", "exact_match_without_answer", *RETRIEVAL.values()), FULL)


def report(variant: str, measures: dict[str, Measure], **more) -> Report:
    return Report(Settings(variant, 50, 4, "thorough", "exact", more.get("checkpoint")), 12000, measures)


def printed(*reports: tuple[str, Report]) -> str:
    console = Console(width=80, record=True, file=StringIO())
    console.print(report_table(reports))
    return console.export_text()


def test_the_widest_numbers_fit_and_lie_one_below_the_other():
    shown = printed(("closed-book", report("sequence", WIDE)), ("open-book", report("token", WIDE)))
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("100.0 ± 2.5 %" in line for line in lines) == 2 + len(RETRIEVAL)


def test_variants_that_retrieved_alike_share_a_column():
    alike = printed(("open-book", report("token", WIDE)), ("open-book", report("sequence", WIDE)))
    other = WIDE | {"mrr": Measure(0.5, 12000, 0.4, 0.6)}
    apart = printed(("open-book", report("token", WIDE)), ("open-book", report("sequence", other)))
    assert alike.count("open-book") == 3 and apart.count("open-book") == 4


def test_what_nobody_measured_is_not_shown():
    shown = printed(
        ("closed-book", Report(Settings("token", None, 1, "greedy", None), 3, {"exact_match": Measure(0.5, 3)}))
    )
    assert "retrieved" not in shown and "±" not in shown and "F1" not in shown
    assert "50.0 %" in shown and "RAG-Token: an empty passage, 1 beam, greedy decoding" in shown


def test_each_checkpoint_is_named_once():
    shown = printed(
        *[("open-book", report(variant, WIDE, checkpoint="demo 1234abcd")) for variant in ("token", "sequence")]
    )
    assert shown.count("checkpoint: demo 1234abcd") == 1


def test_a_report_comes_back_from_its_json():
    for each in (report("token", WIDE, checkpoint="x 1"), Report(None, 1, {"f1": FULL})):
        assert report_from_object(report_as_object(each, rows=False)) == each
