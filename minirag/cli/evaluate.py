"""How good is a model? `minirag evaluate`: with its passages, without any, and with every fact swapped.

Paper     RAG §4.1 (table 1), §4.5 (index hot-swapping)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/cli/test_evaluate.py
"""

import json
from dataclasses import asdict
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minirag.cli import options
from minirag.cli.console import progress_bar, stdout

if TYPE_CHECKING:
    from minirag.evaluation.evaluate import Judged, Report
    from minirag.questions.question import Question

SETTINGS = ("open-book", "closed-book", "swapped")
SWAP_SEED = 0


def evaluate(
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSONL: question, answers, gold (default: the model's own).")
    ] = None,
    setting: Annotated[
        Literal["open-book", "closed-book", "swapped"] | None,
        typer.Option(help="One of them (default: all; with --questions or --kb: open and closed book)."),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Ask N of the questions, drawn with seed 0.")] = None,
    decoding: Annotated[Literal["thorough", "fast"], typer.Option(help="Of RAG-Sequence.")] = "thorough",
    batch_size: Annotated[int, typer.Option(metavar="B", help="Questions at once.")] = 16,
    model: options.Model = None,
    kb: options.KnowledgeBaseFolder = None,
    variant: options.Variant = None,
    n_docs: options.Documents = None,
    num_beams: options.Beams = 4,
    as_json: options.Json = False,
    device: options.Device = "auto",
) -> None:
    """Exact match, F1 and retrieval over many questions."""
    wanted = settings(setting, questions, kb)
    asked = {"n_docs": n_docs, "num_beams": num_beams, "decoding": decoding, "batch_size": batch_size}
    reports = []
    for name in wanted:
        with TemporaryDirectory(ignore_cleanup_errors=True) as place:
            chosen, knowledge_base = prepare(name, questions, kb, model, device, Path(place))
            for each in [variant] if variant else ["token", "sequence"]:
                reports.append((name, run(name, draw(chosen, limit), model, knowledge_base, each, device, asked)))
    if as_json:
        print(json.dumps([{"setting": name, **as_object(report)} for name, report in reports], allow_nan=False))
        return
    from minirag.cli.report_table import report_table

    stdout().print(report_table(reports))


def settings(setting: str | None, questions: Path | None, kb: Path | None) -> tuple[str, ...]:
    """The swapped world brings its own questions and knowledge base."""
    given = "--questions" if questions else "--kb" if kb else None
    if setting == "swapped" and given:
        raise ValueError(f"{given} does not go with --setting swapped: both are made from the model's facts.jsonl")
    if setting:
        return (setting,)
    return SETTINGS[:2] if given else SETTINGS


def prepare(
    name: str, questions: Path | None, kb: Path | None, model: Path | None, device: str, place: Path
) -> "tuple[list[Question], Path | None]":
    """The questions of one setting, and the knowledge base that they are put to."""
    from minirag.cli.opening import demo_folder, open_context_encoder
    from minirag.model.config_files import read_config
    from minirag.questions.reading import read_questions

    folder = model or demo_folder()
    read_config(folder)  # a folder that is no model is told so, not that it has no questions
    chosen = read_questions(questions or folder / "questions.jsonl")
    if name != "swapped":
        return chosen, kb
    from minirag.evaluation.hot_swap import swapped_world
    from minirag.retrieval.knowledge_base import build_knowledge_base
    from minirag.world.facts import read_facts

    passages, swapped = swapped_world(read_facts(folder / "facts.jsonl"), SWAP_SEED)
    encode, fingerprint = open_context_encoder(model, device)
    with progress_bar("swapped passages encoded") as report:
        build_knowledge_base(place / "swapped", passages, encode, fingerprint, progress=report)
    return draw(swapped, len(chosen)), place / "swapped"


def draw(questions: "list[Question]", limit: int | None) -> "list[Question]":
    if limit is None or limit >= len(questions):
        return questions
    if limit < 1:
        raise ValueError(f"--limit {limit}: must be at least 1")
    return Random(0).sample(questions, limit)


def run(
    name: str,
    questions: "list[Question]",
    model: Path | None,
    knowledge_base: Path | None,
    variant: str,
    device: str,
    asked: dict[str, Any],
) -> "Report":
    """One line of the table."""
    from minirag.cli.opening import open_model
    from minirag.evaluation.evaluate import evaluate as evaluate_model

    rag = open_model(model, knowledge_base, variant, device)
    with progress_bar(f"RAG-{variant.capitalize()}, {name}") as report:
        return evaluate_model(rag, questions, **asked, closed_book=name == "closed-book", progress=report)


def as_object(report: "Report") -> dict[str, Any]:
    """Everything, with one row per question."""
    return {**vars(report), "settings": asdict(report.settings), "rows": [row_as_object(row) for row in report.rows]}


def row_as_object(row: "Judged") -> dict[str, Any]:
    asked = {"question": row.question.question, "answers": row.question.answers, "gold": row.question.gold}
    return {**asked, **{name: value for name, value in vars(row).items() if name != "question"}}
