"""How good is one answer, and what had been retrieved for it? One row of an evaluation.

Paper     RAG §3.1 (exact match), §4.1 (answers that no passage holds); KILT (R-precision)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_judged.py
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from minirag.evaluation.metrics import exact_match, f1, r_precision, rank_of_answer, rank_of_gold
from minirag.questions.question import Question
from minirag.retrieval.passages import Passage


@dataclass(frozen=True)
class Judged:
    """`passages`: the ids retrieved, best first. Ranks are from 1, None where no such passage was retrieved."""

    question: Question
    prediction: str
    exact_match: bool
    f1: float
    logprob: float | None = None  # log p(y|x), where a model of ours answered
    passages: tuple[str, ...] = ()
    gold_rank: int | None = None
    answer_rank: int | None = None  # of the first passage with an answer in its title or text
    r_precision: float | None = None  # None: no title is known to be gold


def judge(
    question: Question,
    prediction: str,
    logprob: float | None = None,
    passages: Sequence[Passage] = (),
    gold_titles: Collection[str] = (),
) -> Judged:
    """A passage holds an answer in title or text, for both are read; DPR looks at the text alone."""
    ids = tuple(passage.id for passage in passages)
    return Judged(
        question=question,
        prediction=prediction,
        exact_match=exact_match(prediction, question.answers),
        f1=f1(prediction, question.answers),
        logprob=logprob,
        passages=ids,
        gold_rank=rank_of_gold(ids, question.gold),
        answer_rank=rank_of_answer([f"{p.title} {p.text}" for p in passages], question.answers),
        r_precision=r_precision([p.title for p in passages], gold_titles) if gold_titles else None,
    )


def row_as_object(row: Judged) -> dict[str, Any]:
    """For JSON: the question's own passages are left out, their ids stay."""
    asked = {"question": row.question.question, "answers": row.question.answers, "gold": row.question.gold}
    return {**asked, **{name: value for name, value in vars(row).items() if name != "question"}}
