"""Means over seeds and intervals over questions, by hand."""

import pytest

from minirag.evaluation.bootstrap import bootstrap_intervals
from minirag.evaluation.report import Settings
from minirag.experiments.answers import Answers
from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual
from minirag.experiments.tables import estimate, interval, seed_means, table


def answers(right, seconds=1.0, checkpoint="ab"):
    columns = {"exact_match": right}
    return Answers(Settings("token", 5, 1, "greedy", "exact", checkpoint), columns, seconds, "a laptop")


def test_a_questions_score_is_its_mean_over_the_seeds_that_say_something_of_it():
    assert seed_means([[1.0, 0.0, None], [0.0, None, None]]) == [0.5, 0.0, None]


def test_an_estimate_has_the_mean_its_interval_and_each_seeds_own_mean():
    found = estimate([[1.0, 1.0, 0.0, None], [0.0, 1.0, 0.0, None]])
    assert found["mean"] == pytest.approx(0.5) and found["n"] == 3
    assert found["each"] == pytest.approx([2 / 3, 1 / 3])
    assert found["low"] <= found["mean"] <= found["high"]


@pytest.mark.parametrize("columns", [[None, None], [[None, None]], []])
def test_what_was_not_measured_has_no_estimate(columns):
    assert estimate(columns) is None


def test_the_interval_is_that_of_the_evaluation():
    import torch

    values = [0.0, 1.0, 1.0, 0.5, 0.0]
    assert list(interval(values)) == bootstrap_intervals(torch.tensor(values)[:, None].double())[0].tolist()


def test_a_difference_is_that_of_the_same_questions():
    """Right and wrong in the same places: the difference is sure, however far each of the rows may be off."""
    setting = usual(Size())
    rows = (Row("one", setting), Row("other", setting, "one"))
    results = {
        "one": [answers([0.0, 0.5, 0.0, 0.5]), answers([0.0, 0.5, 0.0, 0.5])],
        "other": [answers([0.5, 1.0, 0.5, 1.0]), answers([0.5, 1.0, 0.5, 1.0])],
    }
    trained = {name: [(2.0, "a laptop"), (4.0, "another")] for name in results}
    made = table(Experiment("t", "T", "said", rows, ("exact_match", "f1")), results, trained)
    first, second = made["rows"]
    assert first["difference"] is None
    assert second["difference"] == {"mean": 0.5, "low": 0.5, "high": 0.5, "n": 4}
    assert second["measures"]["exact_match"]["low"] < second["measures"]["exact_match"]["high"]
    assert "f1" not in second["measures"]
    assert second["settings"]["checkpoint"] == ["ab", "ab"] and second["trained_seconds"] == [2.0, 4.0]
    assert second["machines"] == ["a laptop", "another"]
