"""How often is the passage that answers a question among the first k? Retrieval alone, without a generator.

Paper     DPR §5, table 2 (top-k accuracy); RAG §4.5 (dense retrieval against BM25)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_recall.py

All kinds of search are judged alike: each is a function of questions and k that gives rows of passages, best first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minirag.evaluation.gold import with_gold
from minirag.evaluation.metrics import recall_at_k
from minirag.questions.question import Question
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import PassageStore
from minirag.retrieval.searching import BY_SCORES, EncodeQuestions, Fusion, open_search

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class RecallReport:
    """`top`: k → share of the questions with a gold passage among the first k. n: questions that name a gold passage.

    dtype: of the vectors that were searched, as they are stored; None where words alone were.
    """

    index: str
    passages: int
    n: int
    top: dict[int, float]
    dtype: str | None = None


def measure_recall(
    knowledge_base: KnowledgeBase,
    questions: Sequence[Question],
    index: str,
    encode: EncodeQuestions | None = None,
    ks: Sequence[int] = (1, 5, 20, 100),
    batch_size: int = 64,
    progress: Progress | None = None,
    fusion: Fusion = BY_SCORES,
) -> RecallReport:
    """Share of questions with a gold passage in the top k, for each k; questions without a gold passage are left out.

    index: "exact", "hnsw" (a knowledge base that was made with one), "bm25", which alone needs no `encode`, or "hybrid".
    ValueError: no gold passage anywhere, one that the knowledge base does not hold, k below 1, an index that is not there.
    """
    asked = [each for each in (with_gold(knowledge_base.store, question) for question in questions) if each.gold]
    check_questions(knowledge_base.store, asked)
    if not ks or min(ks) < 1:
        raise ValueError(f"k must be at least 1, not {min(ks, default=None)}")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    search = open_search(knowledge_base, index, encode, fusion=fusion)
    ranked: list[list[str]] = []
    for start in range(0, len(asked), batch_size):
        batch = search([question.question for question in asked[start : start + batch_size]], max(ks))
        ranked += [[passage.id for passage in knowledge_base.store.get([row for row, _ in one])] for one in batch]
        if progress is not None:
            progress(len(ranked), len(asked))
    found = {k: sum(recall_at_k(ids, q.gold, k) for ids, q in zip(ranked, asked, strict=True)) for k in sorted(set(ks))}
    top = {k: hits / len(asked) for k, hits in found.items()}
    dtype = None if index == "bm25" else knowledge_base.sidecar.dtype
    return RecallReport(index, len(knowledge_base), len(asked), top, dtype)


def check_questions(store: PassageStore, questions: Sequence[Question]) -> None:
    """A gold passage that is not there would be counted as never found."""
    if not questions:
        raise ValueError('no question names a gold passage ("gold": [passage id, …])')
    for question in questions:
        store.rows_of(question.gold)
