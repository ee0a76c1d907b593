"""How good is a model? `minirag evaluate`: with its passages, without any, and with every fact swapped.

Paper     RAG §4.1 (table 1), §4.5 (index hot-swapping), table 6 (BM25)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/cli/test_evaluate.py, tests/cli/test_predictions.py
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minirag.cli import options
from minirag.cli.console import stdout

if TYPE_CHECKING:
    from minirag.evaluation.report import Report

SETTINGS = ("open-book", "closed-book", "swapped")
PREDICTIONS = "predictions"  # what stands in place of a setting where the answers were made elsewhere


def evaluate(
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="jsonl, DPR, SQuAD, NQ-open, or train.source (default: the model's own)."),
    ] = None,
    setting: Annotated[
        Literal["open-book", "closed-book", "swapped"] | None,
        typer.Option(help="One of them (default: all; with --questions or --kb: open and closed book)."),
    ] = None,
    retriever: Annotated[
        Literal["dense", "bm25"], typer.Option(help="bm25: its scores are the logits of p(z|x).")
    ] = "dense",
    limit: Annotated[int | None, typer.Option(metavar="N", help="Ask N of the questions, drawn with seed 0.")] = None,
    decoding: Annotated[Literal["thorough", "fast"], typer.Option(help="Of RAG-Sequence.")] = "thorough",
    batch_size: Annotated[int, typer.Option(metavar="B", help="Questions at once.")] = 16,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='Judge these instead: a line each, or jsonl with "prediction".'),
    ] = None,
    rows: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one row per question (jsonl); --json then has none.")
    ] = None,
    model: options.Model = None,
    kb: options.KnowledgeBaseFolder = None,
    variant: options.Variant = None,
    n_docs: options.Documents = None,
    num_beams: options.Beams = 4,
    as_json: options.Json = False,
    device: options.Device = "auto",
) -> None:
    """Exact match, F1 and retrieval over many questions."""
    from minirag.cli import evaluation_runs as runs

    if predictions is not None:
        given: dict[str, Any] = {"--setting": setting, "--limit": limit, "--kb": kb, "--variant": variant}
        refuse_beside_predictions({**given, "--n-docs": n_docs, "--retriever bm25": retriever == "bm25"})
        show([(PREDICTIONS, runs.score(predictions, runs.questions_of(questions, model)))], as_json, rows)
        return
    wanted = settings(setting, questions, kb)
    asked: dict[str, Any] = {"n_docs": n_docs, "num_beams": num_beams, "decoding": decoding, "batch_size": batch_size}
    asked["retriever"] = retriever
    variants = [variant] if variant else ["token", "sequence"]
    show(list(runs.all_runs(wanted, variants, questions, model, kb, device, limit, asked)), as_json, rows)


def settings(setting: str | None, questions: Path | None, kb: Path | None) -> tuple[str, ...]:
    """The swapped world brings its own questions and knowledge base."""
    given = "--questions" if questions else "--kb" if kb else None
    if setting == "swapped" and given:
        raise ValueError(f"{given} does not go with --setting swapped: both are made from the model's facts.jsonl")
    if setting:
        return (setting,)
    return SETTINGS[:2] if given else SETTINGS


def refuse_beside_predictions(given: dict[str, Any]) -> None:
    for option, value in given.items():
        if value:
            raise ValueError(f"{option} does not go with --predictions: no model is asked")


def show(reports: "list[tuple[str, Report]]", as_json: bool, rows: Path | None) -> None:
    from minirag.cli.report_table import report_table
    from minirag.evaluation.judged import row_as_object
    from minirag.evaluation.report import report_as_object
    from minirag.retrieval.whole_file import write_jsonl

    if rows is not None:
        named = [
            ({"setting": name, "variant": report.settings.variant if report.settings else None}, row)
            for name, report in reports
            for row in report.rows
        ]
        write_jsonl(rows, (names | row_as_object(row) for names, row in named))
    if as_json:
        objects = [{"setting": name, **report_as_object(report, rows is None)} for name, report in reports]
        print(json.dumps(objects, allow_nan=False))
        return
    stdout().print(report_table(reports))
