"""Which questions are put to which knowledge base, and in which order? What `minirag evaluate` runs.

Paper     RAG §4.1 (table 1), §4.5 (index hot-swapping)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/cli/test_evaluate.py
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from minirag.cli import opening
from minirag.cli.console import progress_bar, stderr
from minirag.evaluation.evaluate import evaluate
from minirag.evaluation.hot_swap import swapped_world
from minirag.evaluation.predictions import read_predictions, score_predictions
from minirag.evaluation.report import Report
from minirag.model.checkpoint import weights_fingerprint
from minirag.model.config_files import read_config
from minirag.questions.question import Question
from minirag.questions.reading import open_questions
from minirag.retrieval.construction import build_knowledge_base
from minirag.world.facts import read_facts

SWAP_SEED = 0
FINGERPRINT = 8  # characters of it in a table


def all_runs(
    names: Sequence[str],
    variants: Sequence[str],
    questions: Path | None,
    model: Path | None,
    kb: Path | None,
    device: str,
    limit: int | None,
    asked: dict[str, Any],
) -> Iterator[tuple[str, Report]]:
    """One report per setting and variant."""
    read_config(model or opening.demo_folder())  # a folder that is no model is told so, not that it has no questions
    chosen = questions_of(questions, model)
    for name in names:
        with TemporaryDirectory(ignore_cleanup_errors=True) as place:
            base, put = kb, chosen
            if name == "swapped":
                base, put = swapped(model, device, Path(place), len(chosen))
            for variant in variants:
                yield name, run(name, draw(put, limit), model, base, variant, device, asked)


def questions_of(file: Path | None, model: Path | None) -> Sequence[Question]:
    """Those of the file, else the model's own. What was left out of them is said."""
    path = file or (model or opening.demo_folder()) / "questions.jsonl"
    with progress_bar("questions checked") as report:
        questions = open_questions(path, progress=report)
    if questions.skipped:
        stderr().print(f"{path}: {questions.skipped:,} without an answer left out, {len(questions):,} questions stay")
    return questions


def swapped(model: Path | None, device: str, place: Path, count: int) -> tuple[Path, Sequence[Question]]:
    """A knowledge base in which every fact is another's, and as many questions about it."""
    facts = read_facts((model or opening.demo_folder()) / "facts.jsonl")
    passages, questions = swapped_world(facts, SWAP_SEED)
    encode, fingerprint = opening.open_context_encoder(model, device)
    with progress_bar("swapped passages encoded") as report:
        build_knowledge_base(place / "swapped", passages, encode, fingerprint, progress=report)
    return place / "swapped", draw(questions, count)


def draw(questions: Sequence[Question], limit: int | None) -> Sequence[Question]:
    if limit is None or limit >= len(questions):
        return questions
    if limit < 1:
        raise ValueError(f"--limit {limit}: must be at least 1")
    return Random(0).sample(questions, limit)


def run(
    name: str,
    questions: Sequence[Question],
    model: Path | None,
    knowledge_base: Path | None,
    variant: str,
    device: str,
    asked: dict[str, Any],
) -> Report:
    """One line of the table."""
    rag = opening.open_model(model, knowledge_base, variant, device)
    checkpoint = f"{(model or opening.demo_folder()).resolve().name} {weights_fingerprint(rag)[:FINGERPRINT]}"
    closed_book = name == "closed-book"
    with progress_bar(f"RAG-{variant.capitalize()}, {name}") as report:
        return evaluate(rag, questions, **asked, closed_book=closed_book, checkpoint=checkpoint, progress=report)


def score(predictions: Path, questions: Sequence[Question]) -> Report:
    """Predictions made elsewhere; where their number is wrong, the file is named."""
    said = read_predictions(predictions)
    try:
        return score_predictions(said, questions)
    except ValueError as error:
        raise ValueError(f"{predictions}: {error}") from None
