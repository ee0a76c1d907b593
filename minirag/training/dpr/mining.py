"""Which passages look like an answer and are none? What a search ranks high for a question, without its answer in it.

Paper     DPR §3.2 (BM25's top passages that don't contain the answer), table 3
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_mining.py

The first round takes BM25's ranking; a retriever that was trained can rank for a second round, and so finds what it
confuses itself (Xiong et al. 2020).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from minirag.evaluation.metrics import holds_answer
from minirag.questions.question import Question
from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage, PassageStore
from minirag.retrieval.whole_file import write_jsonl

Rank = Callable[[Sequence[str]], list[list[int]]]  # questions → rows of the best passages, best first
EncodeQuestions = Callable[[Sequence[str]], Float[Tensor, "B D"]]
AT_ONCE = 64  # questions searched at once


def rank_by_bm25(store: PassageStore, depth: int) -> Rank:
    return lambda questions: [[row for row, _ in search_bm25(store, question, depth)] for question in questions]


def rank_by_vectors(base: KnowledgeBase, encode: EncodeQuestions, depth: int) -> Rank:
    def rank(questions: Sequence[str]) -> list[list[int]]:
        rows: list[list[int]] = base.search(encode(questions), min(depth, len(base)))[1].tolist()
        return rows

    return rank


def mined(questions: Sequence[Question], store: PassageStore, rank: Rank, per_question: int) -> Iterator[Question]:
    """Each question with its `negative_ids`, in the order of the ranking; those it had are replaced."""
    for start in range(0, len(questions), AT_ONCE):
        asked = questions[start : start + AT_ONCE]
        for question, rows in zip(asked, rank([question.question for question in asked]), strict=True):
            wrong = hard_negatives(question, store, rows, per_question)
            yield replace(question, negative_ids=tuple(passage.id for passage in wrong))


def hard_negatives(question: Question, store: PassageStore, rows: Iterable[int], wanted: int) -> list[Passage]:
    """The first of the rows that are no gold passage, no copy of one, and hold no answer string."""
    golds = {passage.text for passage in (*store.get(store.rows_of(question.gold)), *question.positives)}
    found: list[Passage] = []
    for row in rows:
        if len(found) == wanted:
            break
        passage = store.passage(row)
        told = f"{passage.title} {passage.text}"
        if passage.text not in golds and not holds_answer(told, question.answers):
            found.append(passage)
    return found


def write_questions(path: str | Path, questions: Iterable[Question]) -> int:
    """A JSONL file that questions/jsonl.py reads; it appears whole or not at all. Returns how many there were."""
    return write_jsonl(path, map(row_of, questions))


def row_of(question: Question) -> dict[str, Any]:
    """Passages of the knowledge base as ids, others as objects."""
    gold = [*question.gold, *map(written_out, question.positives)]
    negatives = [*question.negative_ids, *map(written_out, question.negatives)]
    return {"question": question.question, "answers": list(question.answers), "gold": gold, "negatives": negatives}


def written_out(passage: Passage) -> dict[str, str]:
    return {"id": passage.id, "title": passage.title, "text": passage.text}
