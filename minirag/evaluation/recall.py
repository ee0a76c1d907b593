"""How often is the passage that answers a question among the first k? Retrieval alone, without a generator.

Paper     DPR §5, table 2 (top-k accuracy); RAG §4.5 (dense retrieval against BM25)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_recall.py

Dense search and BM25 are judged alike: each is a function of questions and k that gives passage ids, best first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from minirag.evaluation.gold import with_gold
from minirag.evaluation.metrics import recall_at_k
from minirag.questions.question import Question
from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import PassageStore

Search = Callable[[Sequence[str], int], list[list[str]]]  # questions, k → ids of the k best passages, best first
EncodeQuestions = Callable[[Sequence[str]], Float[Tensor, "B D"]]
Progress = Callable[[int, int | None], None]
INDEXES = ("exact", "hnsw", "bm25")


@dataclass(frozen=True)
class RecallReport:
    """`top`: k → share of the questions with a gold passage among the first k. n: questions that name a gold passage."""

    index: str
    passages: int
    n: int
    top: dict[int, float]


def measure_recall(
    knowledge_base: KnowledgeBase,
    questions: Sequence[Question],
    index: str,
    encode: EncodeQuestions | None = None,
    ks: Sequence[int] = (1, 5, 20, 100),
    batch_size: int = 64,
    progress: Progress | None = None,
) -> RecallReport:
    """Share of questions with a gold passage in the top k, for each k; questions without a gold passage are left out.

    index: "exact", "hnsw" (a knowledge base that was made with one), or "bm25", which alone needs no `encode`.
    ValueError: no gold passage anywhere, one that the knowledge base does not hold, k below 1, an index that is not there.
    """
    asked = [each for each in (with_gold(knowledge_base.store, question) for question in questions) if each.gold]
    check_questions(knowledge_base.store, asked)
    if not ks or min(ks) < 1:
        raise ValueError(f"k must be at least 1, not {min(ks, default=None)}")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    search = search_with(knowledge_base, index, encode)
    ranked: list[list[str]] = []
    for start in range(0, len(asked), batch_size):
        ranked += search([question.question for question in asked[start : start + batch_size]], max(ks))
        if progress is not None:
            progress(len(ranked), len(asked))
    found = {k: sum(recall_at_k(ids, q.gold, k) for ids, q in zip(ranked, asked, strict=True)) for k in sorted(set(ks))}
    return RecallReport(index, len(knowledge_base), len(asked), {k: hits / len(asked) for k, hits in found.items()})


def check_questions(store: PassageStore, questions: Sequence[Question]) -> None:
    """A gold passage that is not there would be counted as never found."""
    if not questions:
        raise ValueError('no question names a gold passage ("gold": [passage id, …])')
    for question in questions:
        store.rows_of(question.gold)


def search_with(knowledge_base: KnowledgeBase, index: str, encode: EncodeQuestions | None) -> Search:
    if index not in INDEXES:
        raise ValueError(f"index={index!r} is not one of {', '.join(INDEXES)}")
    if index == "bm25":
        return lambda questions, k: [bm25_ids(knowledge_base.store, question, k) for question in questions]
    if encode is None:
        raise ValueError(f"index {index!r} needs an encoder of questions; only 'bm25' does without")
    made = knowledge_base.sidecar.index["kind"]
    if index == "hnsw" and made != "hnsw":
        raise ValueError(f"{knowledge_base.folder}: has no hnsw index (it was made with index {made!r})")
    chosen = ExactIndex(knowledge_base.vectors) if index == "exact" else knowledge_base.index
    return lambda questions, k: dense_ids(knowledge_base, chosen.search(encode(questions), k)[1])


def bm25_ids(store: PassageStore, question: str, k: int) -> list[str]:
    return [passage.id for passage in store.get([row for row, _ in search_bm25(store, question, k)])]


def dense_ids(knowledge_base: KnowledgeBase, rows: Tensor) -> list[list[str]]:
    return [[passage.id for passage in row] for row in knowledge_base.passages_of(rows)]
