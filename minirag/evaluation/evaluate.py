"""How often is the answer right, and how often was the passage that says so found?

Paper     RAG §3.1 (exact match), §4.1 (retrieval), App. A (n_docs, beams and decoding at test time)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_evaluate.py

A number without its settings cannot be compared with another one: a report carries both, and every single prediction.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from minirag.answer import Answer, answer_batch
from minirag.evaluation.metrics import exact_match, f1, recall_at_k
from minirag.questions.question import Question

NO_PASSAGE = ("", "")  # title and text: what the generator reads when the book is closed
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Settings:
    """What was asked how. `index` is None where no passages were retrieved (closed book), and so is n_docs."""

    variant: str
    n_docs: int | None
    num_beams: int
    decoding: str
    index: str | None


@dataclass(frozen=True)
class Judged:
    """One question with its answer. `passages` are the ids retrieved, best first."""

    question: Question
    prediction: str
    logprob: float
    passages: tuple[str, ...]
    exact_match: bool
    f1: float


@dataclass(frozen=True)
class Report:
    """Means over all questions, as shares of 1. A recall is None where it was not measured: closed book, no gold passages
    in the questions, or fewer passages retrieved than it speaks of.
    """

    settings: Settings
    n: int
    exact_match: float
    f1: float
    recall_at_1: float | None
    recall_at_5: float | None
    rows: tuple[Judged, ...]


def evaluate(
    model: Any,
    questions: Sequence[Question],
    n_docs: int | None = None,
    num_beams: int = 4,
    decoding: str = "thorough",
    batch_size: int = 16,
    closed_book: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Answer every question with a RagTokenForGeneration or RagSequenceForGeneration, and judge.

    closed_book: the same generator reads an empty passage. ValueError: no questions, or a setting that makes no sense.
    """
    if not questions:
        raise ValueError("there are no questions to evaluate")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    rows: list[Judged] = []
    for batch in batches(questions, batch_size):
        answers = answer_questions(model, batch, n_docs, closed_book, num_beams=num_beams, decoding=decoding)
        rows += [judge(question, answer, closed_book) for question, answer in zip(batch, answers, strict=True)]
        if progress is not None:
            progress(len(rows), len(questions))
    return summarise(settings_of(model, n_docs, num_beams, decoding, closed_book), rows)


def batches(questions: Sequence[Question], size: int) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), size):
        yield questions[start : start + size]


def answer_questions(
    model: Any, batch: Sequence[Question], n_docs: int | None, closed_book: bool, **settings: Any
) -> list[Answer]:
    strings = [question.question for question in batch]
    if closed_book:
        return answer_batch(model, strings, passages=[[NO_PASSAGE]] * len(strings), num_candidates=1, **settings)
    return answer_batch(model, strings, n_docs=n_docs, num_candidates=1, **settings)


def judge(question: Question, answer: Answer, closed_book: bool) -> Judged:
    ids = () if closed_book else tuple(passage.id for passage in answer.passages)
    right, overlap = exact_match(answer.text, question.answers), f1(answer.text, question.answers)
    return Judged(question, answer.text, answer.logprob, ids, right, overlap)


def settings_of(model: Any, n_docs: int | None, num_beams: int, decoding: str, closed_book: bool) -> Settings:
    """`decoding` is thorough or fast for RAG-Sequence; RAG-Token has one way, the beam search over its mixture."""
    way = decoding if model.variant == "sequence" else "beam" if num_beams > 1 else "greedy"
    if closed_book:
        return Settings(model.variant, None, num_beams, way, None)
    knowledge_base = model.retriever.knowledge_base
    wanted = model.config.n_docs if n_docs is None else n_docs
    return Settings(
        model.variant, min(wanted, len(knowledge_base)), num_beams, way, knowledge_base.sidecar.index["kind"]
    )


def summarise(settings: Settings, rows: Sequence[Judged]) -> Report:
    return Report(
        settings=settings,
        n=len(rows),
        exact_match=mean([row.exact_match for row in rows]),
        f1=mean([row.f1 for row in rows]),
        recall_at_1=recall(rows, 1),
        recall_at_5=recall(rows, 5),
        rows=tuple(rows),
    )


def recall(rows: Sequence[Judged], k: int) -> float | None:
    """Share of the questions whose gold passage is among the first k, of those questions that name one."""
    known = [row for row in rows if row.question.gold and len(row.passages) >= k]
    if not known or len(known) < len([row for row in rows if row.question.gold]):
        return None
    return mean([recall_at_k(row.passages, row.question.gold, k) for row in known])


def mean(values: Sequence[float] | Sequence[bool]) -> float:
    return sum(values) / len(values)
