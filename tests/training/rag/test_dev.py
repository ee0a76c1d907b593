"""What is measured on questions that are not trained on: the same numbers as the model's own functions give, one by one."""

import math

import pytest

from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.training.rag.dev import measure
from minirag.training.rag.objective import answer_batch_ids
from minirag.training.rag.retrieval import retrieval
from tests.training.rag.small_start import QUESTIONS, small_start


@pytest.fixture(params=[RagTokenForGeneration, RagSequenceForGeneration])
def model(request, tmp_path):
    return small_start(tmp_path / "kb", request.param).model


def test_the_nll_is_that_of_forward_and_uniform_guessing_is_log_v(model, monkeypatch):
    monkeypatch.setattr("minirag.training.rag.dev.READ_TOGETHER", 2)
    measured = measure(model, retrieval(model.rag, "learned", 3), QUESTIONS)
    nll, tokens = 0.0, 0
    for question in QUESTIONS:
        answer = answer_batch_ids(model.rag.tokenizer.generator, model.config.generator, [question.answers[0]])
        nll += model(questions=[question.question], labels=answer.input_ids, n_docs=3).loss.sum().item()
        tokens += answer.input_ids.shape[1] - 1
    assert measured["nll_per_token"] == pytest.approx(nll / tokens, rel=1e-4)
    assert measured["nll_per_answer"] == pytest.approx(nll / len(QUESTIONS), rel=1e-4)
    assert measured["uniform_nll_per_token"] == pytest.approx(math.log(model.config.generator.vocab_size))
    assert measured["uniform_nll_per_answer"] == pytest.approx(
        measured["uniform_nll_per_token"] * tokens / len(QUESTIONS)
    )


def test_answers_are_those_that_the_model_gives(model):
    given = [model.answer(question.question, n_docs=3, num_beams=1) for question in QUESTIONS[:2]]
    asked = [q.__class__(q.question, (a.text,), (a.passages[0].id,)) for q, a in zip(QUESTIONS, given, strict=False)]
    measured = measure(model, retrieval(model.rag, "learned", 3), asked)
    assert measured["exact_match"] == measured["f1"] == 1.0
    assert measured["recall_at_1"] == 1.0 and "recall_at_5" not in measured


def test_nothing_is_said_of_retrieval_where_the_book_is_closed_or_no_passage_is_known_as_right(model):
    closed = measure(model, retrieval(model.rag, "closed-book", 1), QUESTIONS)
    assert "nll_per_token" in closed and not {"prior_entropy", "distinct_passages", "recall_at_1"} & closed.keys()
    unknown = [question.__class__(question.question, question.answers) for question in QUESTIONS]
    measured = measure(model, retrieval(model.rag, "learned", 5), unknown)
    assert "prior_entropy" in measured and "recall_at_1" not in measured
