"""Means of judged answers: each over the questions that it speaks of, and only where it was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.evaluation.judged import Judged
from minirag.evaluation.measures import measures_of
from minirag.questions.question import Question

GOLD, NONE = Question("q", ("a",), gold=("g",)), Question("q", ("a",))
ranks = st.none() | st.integers(1, 5)
judged = st.tuples(st.sampled_from([GOLD, NONE]), st.booleans(), ranks, ranks)


def row(question: Question, right: bool, gold_rank: int | None, answer_rank: int | None, **more) -> Judged:
    return Judged(question, "p", right, float(right), gold_rank=gold_rank, answer_rank=answer_rank, **more)


ROWS = [
    row(GOLD, True, 1, 1, r_precision=1.0),
    row(GOLD, False, 4, 2, r_precision=0.0),
    row(GOLD, True, None, None, r_precision=0.5),
    row(NONE, False, None, None),
]


def test_each_measure_is_a_mean_over_the_questions_that_it_speaks_of():
    measures = measures_of(ROWS, 5)
    means = {name: (measure.mean, measure.n) for name, measure in measures.items()}
    assert means == {
        "exact_match": (0.5, 4),
        "f1": (0.5, 4),
        "recall_at_1": (pytest.approx(1 / 3), 3),
        "recall_at_5": (pytest.approx(2 / 3), 3),
        "mrr": (pytest.approx((1 + 1 / 4) / 3), 3),
        "r_precision": (0.5, 3),
        "answer_in_top_1": (0.25, 4),
        "answer_in_top_5": (0.5, 4),
        "answer_retrieved": (0.5, 4),
        "exact_match_without_answer": (0.5, 2),
    }


def test_what_was_not_measured_is_not_there():
    assert set(measures_of(ROWS, None)) == {"exact_match", "f1"}
    assert "recall_at_5" not in measures_of(ROWS, 4) and "recall_at_20" in measures_of(ROWS, 20)
    without_gold = measures_of(ROWS[3:], 5)
    assert not {"recall_at_1", "mrr", "r_precision"} & set(without_gold)
    assert "exact_match_without_answer" not in measures_of(ROWS[:2], 5)


@given(st.lists(judged, min_size=1, max_size=8))
def test_every_measure_lies_in_its_interval_and_more_passages_never_find_less(drawn):
    measures = measures_of([row(*each) for each in drawn], 5, resamples=200)
    for measure in measures.values():
        assert measure.low - 1e-9 <= measure.mean <= measure.high + 1e-9
    assert measures["answer_in_top_5"].mean >= measures["answer_in_top_1"].mean
    if "mrr" in measures:
        assert measures["recall_at_1"].mean <= measures["mrr"].mean <= measures["recall_at_5"].mean
