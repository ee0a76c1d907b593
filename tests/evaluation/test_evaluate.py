"""Evaluation: the same answers as one by one, and numbers that are the means of what was judged."""

import pytest

from minirag.evaluation.evaluate import evaluate
from minirag.questions.question import Question
from minirag.questions.reading import read_questions
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.retrieval.bm25_passages import bm25_passages


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
    assert set(report.measures) == {"exact_match", "f1"}
    assert all(row.passages == () for row in report.rows)


def test_recall_is_measured_only_where_as_many_passages_were_retrieved(model, questions):
    report = evaluate(model, questions[:2], n_docs=50, num_beams=1)
    assert report.settings.n_docs == 4  # there are no more
    assert report.mean("recall_at_5") is None
    assert report.mean("recall_at_1") == sum(row.gold_rank == 1 for row in report.rows) / 2
    assert report.mean("mrr") == pytest.approx(sum(1 / row.gold_rank for row in report.rows) / 2)  # all are retrieved


def test_bm25_retrieves_instead_and_a_question_without_a_known_word_reads_an_empty_passage(model, questions):
    asked = [*questions[:3], Question("Zzz?", ("x",), gold=("malta-1",))]
    report = evaluate(model, asked, n_docs=2, num_beams=1, retriever="bm25", batch_size=2)
    assert (report.settings.index, report.settings.n_docs) == ("bm25", 2)
    found, scores = bm25_passages(model.retriever.knowledge_base.store, [q.question for q in asked], 2)
    assert [row.passages for row in report.rows] == [tuple(p.id for p in those) for those in found]
    assert report.rows[-1].passages == ()
    given = model.answer(asked[0].question, passages=found[0], doc_scores=scores[0, : len(found[0])], num_beams=1)
    assert (report.rows[0].prediction, report.rows[0].logprob) == (given.text, pytest.approx(given.logprob, abs=1e-4))
    alone = evaluate(model, asked[3:], num_beams=1, closed_book=True)
    assert report.rows[-1].prediction == alone.rows[0].prediction


def test_other_scores_of_bm25_are_another_prior(model, questions):
    reports = [evaluate(model, questions[:2], 3, 1, retriever="bm25", bm25_scale=scale) for scale in (1.0, 0.01)]
    assert reports[0].rows[0].logprob != reports[1].rows[0].logprob
    with pytest.raises(ValueError, match="retriever='tfidf'"):
        evaluate(model, questions, retriever="tfidf")


def test_progress_counts_questions(model, questions):
    seen = []
    evaluate(model, questions[:5], num_beams=1, batch_size=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_nothing_to_evaluate_is_refused(model, questions):
    with pytest.raises(ValueError, match="no questions"):
        evaluate(model, [])
    with pytest.raises(ValueError, match="batch_size=0"):
        evaluate(model, questions, batch_size=0)
