"""Does RAG-Token decode from the mixture, and does it find what trying every answer finds?"""

import math

import pytest
import torch

from minirag.decoding.rag_token import rag_token_decode, rag_token_step
from minirag.likelihood import rag_token_logprob
from tests.decoding.tiny_generator import (
    START,
    answer_logprobs,
    every_answer,
    options,
    ragged_sources,
    random_prior,
    tiny_generator,
)

MISSING = torch.tensor([[True, False, True], [False, True, False]])


def rag_token_probability(generator, hidden, mask, prior, answer: list[int]) -> float:
    """Π_t Σ_z p(z|x) p(y_t|x,z,y_<t) of one question, in loops; `prior` are probabilities."""
    rows = [answer_logprobs(generator, h, m, answer) for h, m in zip(hidden, mask, strict=True)]
    return math.prod(
        sum(p * math.exp(q) for p, q in zip(prior, column, strict=True)) for column in zip(*rows, strict=True)
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_the_number_of_answers_ranks_them_as_brute_force_does(seed):
    V, max_length, K = 4, 4, 3
    generator = tiny_generator(seed, vocab_size=V)
    hidden, mask = ragged_sources(generator, rows=K, seed=seed)
    prior = random_prior(1, K, seed)
    answers = every_answer(V, max_length)
    probability = {
        tuple(y): rag_token_probability(generator, hidden, mask, prior[0].exp().tolist(), y) for y in answers
    }
    assert sum(probability.values()) == pytest.approx(1.0, abs=1e-9)
    wide = options(num_beams=len(answers), num_return_sequences=len(answers), max_length=max_length, length_penalty=0.0)
    found = rag_token_decode(generator, hidden, mask, prior, wide)[0]
    assert [tuple(h.tokens) for h in found] == sorted(probability, key=probability.__getitem__, reverse=True)
    for hypothesis in found:
        assert hypothesis.logprob == pytest.approx(math.log(probability[tuple(hypothesis.tokens)]), abs=1e-9)


@pytest.mark.parametrize("use_cache", [True, False])
def test_the_probability_of_a_hypothesis_is_the_rag_token_likelihood_of_its_tokens(use_cache):
    generator = tiny_generator(seed=5)
    hidden, mask = ragged_sources(generator, rows=6, seed=5)
    prior = random_prior(2, 3, seed=5)
    search = options(num_beams=4, num_return_sequences=4, max_length=8)
    for b, found in enumerate(rag_token_decode(generator, hidden, mask, prior, search, use_cache)):
        for hypothesis in found:
            rows = [answer_logprobs(generator, hidden[r], mask[r], hypothesis.tokens) for r in range(3 * b, 3 * b + 3)]
            table = torch.tensor([rows], dtype=torch.float64)
            exact = rag_token_logprob(prior[b : b + 1], table, torch.ones(1, table.shape[2], dtype=torch.bool))
            assert hypothesis.logprob == pytest.approx(exact.item(), abs=1e-9)


@pytest.mark.parametrize("num_beams", [1, 4])
def test_a_batch_gives_the_same_answers_as_one_by_one(num_beams):
    generator = tiny_generator(seed=3)
    hidden, mask = ragged_sources(generator, rows=9, seed=3)
    prior = random_prior(3, 3, seed=3)
    search = options(num_beams=num_beams, num_return_sequences=num_beams, max_length=8)
    together = rag_token_decode(generator, hidden, mask, prior, search)
    for b in range(3):
        rows = slice(3 * b, 3 * b + 3)
        longest = int(mask[rows].sum(dim=1).max())  # less padding, too
        alone = rag_token_decode(generator, hidden[rows, :longest], mask[rows, :longest], prior[b : b + 1], search)[0]
        assert [h.tokens for h in alone] == [h.tokens for h in together[b]]
        assert [h.score for h in alone] == pytest.approx([h.score for h in together[b]], abs=1e-9)


def test_missing_passages_change_nothing_whatever_their_rows_hold():
    generator = tiny_generator(seed=4)
    hidden, mask = ragged_sources(generator, rows=6, seed=4)
    prior = random_prior(2, 3, seed=4, mask=MISSING)
    missing = ~MISSING.flatten()
    hidden[missing], mask[missing] = float("nan"), False  # a source without a single real token: attention gives NaN
    search = options(num_beams=3, num_return_sequences=3, max_length=8)
    with_missing = rag_token_decode(generator, hidden, mask, prior, search)
    for b in range(2):
        there = torch.arange(3 * b, 3 * b + 3)[MISSING[b]]
        alone = rag_token_decode(generator, hidden[there], mask[there], prior[b : b + 1, MISSING[b]], search)[0]
        assert [h.tokens for h in alone] == [h.tokens for h in with_missing[b]]
        assert [h.logprob for h in alone] == pytest.approx([h.logprob for h in with_missing[b]], abs=1e-9)


def test_the_mixture_of_a_step_sums_to_1_over_the_vocabulary():
    generator = tiny_generator(seed=2)
    hidden, mask = ragged_sources(generator, rows=6, seed=2)
    step = rag_token_step(generator, hidden, mask, random_prior(2, 3, seed=2, mask=MISSING), num_beams=4)
    mixture = step(torch.full((2, 4, 1), START), None)
    torch.testing.assert_close(mixture.exp().sum(dim=-1), torch.ones(2, 4, dtype=torch.float64))
