"""Which measure was the best, and when to stop."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.early_stopping import Best, judge, out_of_patience
from minirag.training.settings import LoopSettings

LARGER = LoopSettings(10, watch="f1", patience=2)
SMALLER = LoopSettings(10, watch="-nll", patience=2)
VALUES = st.lists(st.floats(-10, 10) | st.just(math.nan), min_size=1, max_size=12)


def judged(values: list[float], name: str, settings: LoopSettings) -> Best:
    best = Best()
    for step, value in enumerate(values):
        best = judge(best, step, {name: value}, settings)
    return best


@given(VALUES)
def test_the_best_is_the_first_of_the_largest_and_what_came_since_is_counted(values):
    best, numbers = judged(values, "f1", LARGER), [value for value in values if not math.isnan(value)]
    if numbers:
        first = values.index(max(numbers))
        assert best == Best(first, max(numbers), len(values) - 1 - first)
    else:
        assert best.step is None


@given(VALUES)
def test_smaller_is_better_behind_a_minus(values):
    larger = judged([-value for value in values], "f1", LARGER)
    assert judged(values, "nll", SMALLER) == larger


def test_patience_ends_after_so_many_measures_without_a_better_one():
    assert not out_of_patience(judged([1.0, 2.0, 1.0], "f1", LARGER), LARGER)
    assert out_of_patience(judged([1.0, 2.0, 1.0, 2.0], "f1", LARGER), LARGER)
    assert not out_of_patience(Best(0, 1.0, 99), LoopSettings(10, watch="f1"))


def test_where_nothing_is_watched_nothing_is_best():
    assert judge(Best(), 3, {"f1": 1.0}, LoopSettings(10)) == Best()


def test_a_measure_that_is_watched_and_missing_is_named():
    with pytest.raises(ValueError, match="watch 'f1': is not measured, only nll"):
        judge(Best(), 3, {"nll": 1.0}, LARGER)
    with pytest.raises(ValueError, match="patience 2: nothing is watched"):
        LoopSettings(10, patience=2)
