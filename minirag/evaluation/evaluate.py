"""How often is the answer right, and how often was the passage that says so found?

Paper     RAG §3.1 (exact match), §4.1 (retrieval), table 6 (retrievers), App. A (n_docs, beams and decoding at test time)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_evaluate.py
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minirag.answer import Answer, answer_batch
from minirag.evaluation.gold import gold_titles, with_gold
from minirag.evaluation.judged import Judged, judge
from minirag.evaluation.measures import measures_of
from minirag.evaluation.report import Report, Settings
from minirag.questions.question import Question
from minirag.retrieval.bm25_passages import bm25_passages
from minirag.retrieval.passages import Passage

NO_PASSAGE = Passage("", "", "")  # what the generator reads when the book is closed
Progress = Callable[[int, int | None], None]
Answered = tuple[Answer, Sequence[Passage]]  # the passages are those that were retrieved
AnswerQuestions = Callable[[Sequence[str]], list[Answered]]


def evaluate(
    model: Any,
    questions: Sequence[Question],
    n_docs: int | None = None,
    num_beams: int = 4,
    decoding: str = "thorough",
    batch_size: int = 16,
    closed_book: bool = False,
    retriever: str = "dense",
    bm25_scale: float = 1.0,
    checkpoint: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Answer every question with a RagTokenForGeneration or RagSequenceForGeneration, and judge.

    closed_book: the same generator reads an empty passage. retriever: "dense", or "bm25": bm25_scale · BM25(x, z) are the
    logits of p(z|x). checkpoint: a name of the weights for the report. ValueError: no questions, a setting that makes no sense.
    """
    if not questions:
        raise ValueError("there are no questions to evaluate")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    settings = settings_of(model, n_docs, num_beams, decoding, None if closed_book else retriever, checkpoint)
    asked = {"num_candidates": 1, "num_beams": num_beams, "decoding": decoding}
    answers = way_to_answer(model, settings, bm25_scale, asked)
    rows: list[Judged] = []
    for batch in batches(questions, batch_size):
        rows += judged(model, batch, answers)
        if progress is not None:
            progress(len(rows), len(questions))
    return Report(settings, len(rows), measures_of(rows, settings.n_docs), tuple(rows))


def batches(questions: Sequence[Question], size: int) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), size):
        yield questions[start : start + size]


def settings_of(
    model: Any, n_docs: int | None, num_beams: int, decoding: str, retriever: str | None, checkpoint: str | None
) -> Settings:
    """`decoding` is thorough or fast for RAG-Sequence; RAG-Token has one way, the beam search over its mixture."""
    way = decoding if model.variant == "sequence" else "beam" if num_beams > 1 else "greedy"
    if retriever is None:
        return Settings(model.variant, None, num_beams, way, None, checkpoint)
    if retriever not in ("dense", "bm25"):
        raise ValueError(f"retriever={retriever!r} is neither dense nor bm25")
    base = model.retriever.knowledge_base
    wanted = model.config.n_docs if n_docs is None else n_docs
    if wanted < 1:
        raise ValueError(f"n_docs={wanted} must be at least 1")
    index = base.sidecar.index["kind"] if retriever == "dense" else "bm25"
    return Settings(model.variant, min(wanted, len(base)), num_beams, way, index, checkpoint)


def way_to_answer(model: Any, settings: Settings, bm25_scale: float, asked: dict[str, Any]) -> AnswerQuestions:
    """Closed book, BM25 or the model's own index: a function of questions."""

    def closed_book(questions: Sequence[str]) -> list[Answered]:
        given = answer_batch(model, questions, [[NO_PASSAGE]] * len(questions), **asked)
        return [(answer, ()) for answer in given]

    def bm25(questions: Sequence[str]) -> list[Answered]:
        assert settings.n_docs is not None
        found, scores = bm25_passages(model.retriever.knowledge_base.store, questions, settings.n_docs, bm25_scale)
        read = [passages or [NO_PASSAGE] for passages in found]
        return list(zip(answer_batch(model, questions, read, scores, **asked), found, strict=True))

    def dense(questions: Sequence[str]) -> list[Answered]:
        given = answer_batch(model, questions, n_docs=settings.n_docs, **asked)
        return [(answer, [Passage(p.id, p.title, p.text) for p in answer.passages]) for answer in given]

    return closed_book if settings.index is None else bm25 if settings.index == "bm25" else dense


def judged(model: Any, batch: Sequence[Question], answers: AnswerQuestions) -> list[Judged]:
    """A model without a knowledge base (closed book) has nothing to look up titles in."""
    store = None if model.retriever is None else model.retriever.knowledge_base.store
    asked = [question if store is None else with_gold(store, question) for question in batch]
    titles = [set() if store is None else gold_titles(store, question) for question in batch]
    given = answers([question.question for question in batch])
    return [
        judge(question, answer.text, answer.logprob, passages, gold)
        for question, (answer, passages), gold in zip(asked, given, titles, strict=True)
    ]
