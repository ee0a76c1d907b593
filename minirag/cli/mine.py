"""Which passages look like an answer and are none? `minirag mine`: hard negatives from a knowledge base.

Paper     DPR §3.2
Tutorial  tutorials/16_training_dpr.py
Tests     tests/cli/test_mine.py
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from minirag.cli import options
from minirag.cli.console import Report, harmless, progress_bar

if TYPE_CHECKING:
    from minirag.questions.question import Question
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.training.dpr.mining import Rank


def mine(
    kb: Annotated[Path, typer.Option(metavar="KB", help="Knowledge base.", show_default=False)],
    questions: Annotated[
        Path, typer.Option(metavar="FILE", help="Questions with answers and gold passages.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="JSONL file to write.", show_default=False)],
    per_question: Annotated[int, typer.Option(metavar="N", min=1, help="Negatives of each question.")] = 8,
    retriever: Annotated[
        Literal["bm25", "dense"], typer.Option(help="bm25: shared words; dense: what --model finds.")
    ] = "bm25",
    model: options.EncoderFolder = None,
    depth: Annotated[int, typer.Option(metavar="K", min=1, help="How far down the ranking to look.")] = 100,
    device: options.Device = "auto",
) -> None:
    """Write the questions with the ids of passages that rank high for them and hold no answer."""
    from minirag.questions.reading import open_questions
    from minirag.training.dpr.mining import mined, write_questions

    if depth < per_question:
        raise ValueError(f"--depth {depth} is less than --per-question {per_question}")
    with progress_bar("questions read") as report:
        asked = open_questions(questions, progress=report)
    base, rank = ranking(kb, retriever, model, depth, device)
    found = [0]
    with progress_bar("questions") as report:
        written = write_questions(out, counted(mined(asked, base.store, rank, per_question), report, len(asked), found))
    print(f"{harmless(str(out))}: {written:,} questions, {found[0] / written:.1f} negatives each")


def ranking(kb: Path, retriever: str, model: Path | None, depth: int, device: str) -> "tuple[KnowledgeBase, Rank]":
    from minirag.cli.opening import open_question_encoder
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.training.dpr.mining import rank_by_bm25, rank_by_vectors

    if retriever == "bm25":
        base = KnowledgeBase.open(kb)
        return base, rank_by_bm25(base.store, depth)
    encode, fingerprint = open_question_encoder(model, device)
    base = KnowledgeBase.open(kb, fingerprint)
    return base, rank_by_vectors(base, encode, depth)


def counted(questions: "Iterable[Question]", report: Report, total: int, found: list[int]) -> "Iterator[Question]":
    """The same questions; `report` is told how many so far, `found` adds up their negatives."""
    for number, question in enumerate(questions, start=1):
        found[0] += len(question.negative_ids)
        report(number, total)
        yield question
