"""What is logged of a RAG training: bounds, and where they are reached."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.likelihood import doc_logprobs, passage_posterior
from minirag.training.rag.measures import distinct_passages, posterior_kl, prior_entropy, uniform_nll_per_token
from tests.strategies import answer_tables

ids = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True), min_size=1, max_size=6)


def prior_and_posterior(table):
    prior = doc_logprobs(table.doc_scores, table.doc_mask)
    return prior, passage_posterior(prior, torch.randn(table.logits.shape[:3]).double(), table.mask)


@given(answer_tables())
def test_the_entropy_lies_between_0_and_the_log_of_the_number_of_passages(table):
    prior, _ = prior_and_posterior(table)
    entropy = prior_entropy(prior)
    assert (entropy >= -1e-9).all()
    assert (entropy <= table.doc_mask.sum(dim=1).log() + 1e-9).all()


def test_the_entropy_is_highest_where_all_passages_are_alike_and_0_where_one_is_sure():
    prior = torch.tensor([[0.25] * 4, [1.0, 0.0, 0.0, 0.0]]).log()
    torch.testing.assert_close(prior_entropy(prior), torch.tensor([math.log(4), 0.0]))


@given(answer_tables())
def test_the_divergence_is_never_negative_and_0_for_an_answer_that_tells_nothing(table):
    prior, posterior = prior_and_posterior(table)
    assert (posterior_kl(posterior, prior) >= -1e-9).all()
    torch.testing.assert_close(posterior_kl(prior.exp(), prior), torch.zeros(len(prior)).double(), atol=1e-9, rtol=0)


@given(answer_tables())
def test_the_divergence_is_what_the_definition_says_passage_by_passage(table):
    prior, posterior = prior_and_posterior(table)
    by_hand = [
        sum(q * (math.log(q) - p) for q, p in zip(qs, ps, strict=True) if q > 0)
        for qs, ps in zip(posterior.tolist(), prior.tolist(), strict=True)
    ]
    torch.testing.assert_close(posterior_kl(posterior, prior), torch.tensor(by_hand).double())


@given(ids)
def test_the_share_of_distinct_passages_is_at_most_1_and_falls_when_the_questions_are_asked_twice(retrieved):
    share = distinct_passages(retrieved)
    assert 0 < share <= 1
    assert distinct_passages(retrieved * 2) == pytest.approx(share / 2)


@given(st.integers(1, 9), st.integers(1, 5))
def test_a_collapsed_retriever_has_a_share_of_one_over_the_number_of_questions(questions, n_docs):
    assert distinct_passages([[str(n) for n in range(n_docs)]] * questions) == pytest.approx(1 / questions)


def test_no_passage_at_all_has_no_share():
    with pytest.raises(ValueError, match="no passage"):
        distinct_passages([[], []])


@given(st.integers(2, 60_000))
def test_uniform_guessing_has_the_nll_of_a_softmax_over_equal_logits(vocab_size):
    nll = -torch.zeros(vocab_size, dtype=torch.float64).log_softmax(0)[0].item()
    assert uniform_nll_per_token(vocab_size) == pytest.approx(nll)
