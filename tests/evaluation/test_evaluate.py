"""Evaluation: the same answers as one by one, and numbers that are the means of what was judged."""

import pytest

from minirag.evaluation.evaluate import evaluate
from minirag.questions.question import Question
from minirag.questions.reading import read_questions
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration


@pytest.fixture(scope="module", params=[RagTokenForGeneration, RagSequenceForGeneration])
def model(request, tiny_folder):
    return request.param.from_pretrained(tiny_folder)


@pytest.fixture(scope="module")
def questions(tiny_folder):
    return read_questions(tiny_folder / "questions.jsonl")


def test_a_batch_is_judged_as_one_by_one(model, questions):
    together = evaluate(model, questions, num_beams=2, batch_size=8)
    alone = evaluate(model, questions, num_beams=2, batch_size=1)
    assert [row.prediction for row in together.rows] == [row.prediction for row in alone.rows]
    assert [row.passages for row in together.rows] == [row.passages for row in alone.rows]


def test_the_model_says_what_it_says_when_asked(model, questions):
    report = evaluate(model, questions[:2], num_beams=2)
    assert [row.prediction for row in report.rows] == [
        model.answer(q.question, num_beams=2).text for q in questions[:2]
    ]


def test_right_and_wrong_answers_are_counted(model, questions):
    said = [row.prediction for row in evaluate(model, questions[:4], num_beams=1).rows]
    own = [Question(q.question, (text,)) for q, text in zip(questions, said, strict=False)]
    wrong = Question(questions[0].question, ("something else entirely",))
    report = evaluate(model, [*own, wrong], num_beams=1)
    assert report.exact_match == pytest.approx(4 / 5)
    assert report.n == 5


def test_a_closed_book_has_no_passages_and_no_recall(model, questions):
    report = evaluate(model, questions[:2], num_beams=1, closed_book=True)
    assert report.settings.n_docs is None
    assert report.settings.index is None
    assert report.recall_at_1 is None
    assert all(row.passages == () for row in report.rows)


def test_recall_is_measured_only_where_as_many_passages_were_retrieved(model, questions):
    assert evaluate(model, questions[:2], n_docs=4, num_beams=1).recall_at_5 is None
    everything = evaluate(model, questions[:2], n_docs=4, num_beams=1)
    assert 0.0 <= everything.recall_at_1 <= 1.0
    assert everything.settings.n_docs == 4


def test_progress_counts_questions(model, questions):
    seen = []
    evaluate(model, questions[:5], num_beams=1, batch_size=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_nothing_to_evaluate_is_refused(model, questions):
    with pytest.raises(ValueError, match="no questions"):
        evaluate(model, [])
    with pytest.raises(ValueError, match="batch_size=0"):
        evaluate(model, questions, batch_size=0)
