"""Predictions made elsewhere: as many as questions, or it is said how many there are of each."""

import pytest

from minirag.evaluation.judged import row_as_object
from minirag.evaluation.predictions import read_predictions, score_predictions
from minirag.questions.question import Question
from minirag.retrieval.whole_file import write_jsonl

QUESTIONS = [Question("q", ("Bern",)), Question("r", ("red", "blue fish")), Question("s", ("x",))]


def test_prediction_n_is_judged_by_the_answers_of_question_n():
    report = score_predictions(["the Bern", "fish", ""], QUESTIONS)
    assert [row.exact_match for row in report.rows] == [True, False, False]
    assert report.exact_match == pytest.approx(1 / 3)
    assert report.f1 == pytest.approx((1 + 2 / 3) / 3)
    assert report.settings is None and set(report.measures) == {"exact_match", "f1"}


def test_other_lengths_are_refused_with_both_numbers():
    with pytest.raises(ValueError, match="2 predictions for 3 questions"):
        score_predictions(["a", "b"], QUESTIONS)
    with pytest.raises(ValueError, match="no questions"):
        score_predictions([], [])


def test_a_line_is_a_prediction_an_empty_one_too(tmp_path):
    (tmp_path / "p.txt").write_text("Bern\r\n\n red \n", encoding="utf-8", newline="")
    assert read_predictions(tmp_path / "p.txt") == ["Bern", "", "red"]


def test_rows_of_an_evaluation_are_read_back_as_predictions(tmp_path):
    report = score_predictions(["Bern\nx", "é", ""], QUESTIONS)
    write_jsonl(tmp_path / "rows.jsonl", map(row_as_object, report.rows))
    assert score_predictions(read_predictions(tmp_path / "rows.jsonl"), QUESTIONS) == report


@pytest.mark.parametrize(
    ("line", "fault"), [("{", "not JSON"), ("{}", 'has no "prediction"'), ("[]", "not a JSON object")]
)
def test_a_row_that_has_none_is_named(tmp_path, line, fault):
    (tmp_path / "p.jsonl").write_text('{"prediction": "a"}\n' + line)
    with pytest.raises(ValueError, match=rf"p\.jsonl:2: {fault}"):
        read_predictions(tmp_path / "p.jsonl")
