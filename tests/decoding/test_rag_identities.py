"""Do the paper's identities hold for what decoding returns? For RAG-Token greedy and beam, RAG-Sequence thorough and fast.

tests/test_identities.py says which test holds which identity. Everything is float64 and holds to 1e-9; a missing passage
holds NaN.
"""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from minirag.decoding.beam_search import beam_search
from minirag.decoding.rag_token import rag_token_step
from minirag.likelihood import doc_logprobs, rag_sequence_logprob, rag_token_logprob, rag_token_posterior
from tests.decoding.rag_problems import (
    Answers,
    RagProblem,
    drawn_problems,
    rag_problem,
    rag_sequence_fast,
    rag_sequence_thorough,
    rag_token_beam,
    rag_token_greedy,
)
from tests.decoding.tiny_generator import answer_logprobs, every_answer, options

BEAMS = [rag_token_beam, rag_sequence_thorough, rag_sequence_fast]
BEAM_DECODERS = pytest.mark.parametrize("decode", BEAMS)
EVERY_DECODER = pytest.mark.parametrize("decode", [rag_token_greedy, *BEAMS])
FEW = settings(max_examples=10)  # a draw makes and runs a network


def assert_same(got: Answers, expected: Answers) -> None:
    """The same answers in the same order, with log-probabilities equal to 1e-9."""
    assert [[tokens for tokens, _ in row] for row in got] == [[tokens for tokens, _ in row] for row in expected]
    for got_row, expected_row in zip(got, expected, strict=True):
        assert [p for _, p in got_row] == pytest.approx([p for _, p in expected_row], rel=0, abs=1e-9)


def log_likelihood(decode: Callable, problem: RagProblem, answer: list[int]) -> float:
    """log p(y|x) of the one question of the problem, every passage's row by teacher forcing, alone."""
    logprob_of = rag_token_logprob if decode in (rag_token_greedy, rag_token_beam) else rag_sequence_logprob
    table = token_table(problem, answer)
    return logprob_of(problem.prior, table, torch.ones_like(table[:, 0], dtype=torch.bool)).item()


def token_table(problem: RagProblem, answer: list[int]) -> Tensor:
    """log p(y_t|x,z,y_<t) (1, K, T) of one answer; NaN for missing passages."""
    table = torch.full((1, problem.there.shape[1], len(answer) - 1), float("nan"), dtype=torch.float64)
    for k in problem.there[0].nonzero().flatten().tolist():
        row = answer_logprobs(problem.generator, problem.hidden[0, k], problem.mask[0, k], answer)
        table[0, k] = torch.tensor(row, dtype=torch.float64)
    return table


# --- identities 1 and 8: what decoding reports is log p(y|x)


@EVERY_DECODER
@FEW
@given(drawn=drawn_problems(max_questions=1), penalty=st.sampled_from([0.0, 1.0, 2.0]))
def test_a_reported_score_is_the_log_likelihood_of_the_answer_in_fast_decoding_no_more(decode, drawn, penalty):
    problem = rag_problem(*drawn)
    for answer, logprob in decode(problem, length_penalty=penalty)[0]:
        exact = log_likelihood(decode, problem, answer)
        if decode is rag_sequence_fast:
            assert logprob <= exact + 1e-9
        else:
            assert logprob == pytest.approx(exact, rel=0, abs=1e-9)


# --- identity 2: both are distributions, and they meet at K = 1 and T = 1


@FEW
@given(one_passage=drawn_problems(max_passages=1), any_number=drawn_problems())
def test_with_one_passage_or_one_token_rag_token_and_rag_sequence_find_the_same_answers(one_passage, any_number):
    every_token = {"max_length": 2, "num_beams": 12}
    for drawn, width in ((one_passage, {}), (any_number, every_token)):
        problem = rag_problem(*drawn)
        expected = rag_token_beam(problem, length_penalty=0.0, **width)
        for decode in (rag_sequence_thorough, rag_sequence_fast):
            assert_same(decode(problem, length_penalty=0.0, **width), expected)


@BEAM_DECODERS
@FEW
@given(drawn=drawn_problems(max_questions=1))
def test_a_beam_as_wide_as_the_number_of_answers_ranks_them_all_and_their_probabilities_sum_to_1(decode, drawn):
    """Identity 7, too: the best of all comes first."""
    problem = rag_problem(*drawn, vocabulary=4)
    answers = every_answer(4, max_length=3)
    wide = {"num_beams": len(answers), "max_length": 3, "length_penalty": 0.0}
    expected = [(answer, log_likelihood(decode, problem, answer)) for answer in answers]
    assert math.fsum(math.exp(logprob) for _, logprob in expected) == pytest.approx(1.0, abs=1e-9)
    assert_same(decode(problem, **wide), [sorted(expected, key=lambda pair: pair[1], reverse=True)])


# --- identity 3: passages are a set with weights


@EVERY_DECODER
@FEW
@given(data=st.data(), drawn=drawn_problems())
def test_the_order_of_passages_does_not_matter(decode, data, drawn):
    problem = rag_problem(*drawn)
    order = data.draw(st.permutations(range(problem.there.shape[1])))
    assert_same(decode(problem.with_passages(list(order))), decode(problem))


@EVERY_DECODER
@FEW
@given(drawn=drawn_problems(), share=st.floats(0.01, 0.99))
def test_splitting_a_passage_into_two_that_share_its_prior_changes_nothing(decode, drawn, share):
    problem = rag_problem(*drawn)
    columns = [0, *range(problem.there.shape[1])]
    split = problem.with_passages(columns, added={0: math.log(share), 1: math.log1p(-share)})
    assert_same(decode(split), decode(problem))


@EVERY_DECODER
@FEW
@given(drawn=drawn_problems())
def test_a_passage_that_is_there_twice_counts_twice(decode, drawn):
    problem = rag_problem(*drawn)
    columns = list(range(problem.there.shape[1]))
    twice, heavier = problem.with_passages([0, *columns]), problem.with_passages(columns, added={0: math.log(2)})
    assert_same(decode(twice), decode(heavier))


# --- identity 4: a mixture lies between its parts


@FEW
@given(drawn=drawn_problems(max_questions=1))
def test_a_thorough_score_lies_between_the_worst_and_the_best_passage(drawn):
    problem = rag_problem(*drawn)
    for answer, logprob in rag_sequence_thorough(problem)[0]:
        passages = token_table(problem, answer).sum(dim=2)[problem.there].tolist()
        assert min(passages) - 1e-9 <= logprob <= max(passages) + 1e-9


# --- identity 5: the gradient of what RAG-Token decodes from


@FEW
@given(drawn=drawn_problems(max_questions=1))
def test_the_score_gradient_of_a_decoded_answer_is_the_sum_over_tokens_of_posterior_minus_prior(drawn):
    problem = rag_problem(*drawn)
    scores = problem.doc_scores.clone().requires_grad_()
    prior = doc_logprobs(scores, problem.there)
    rows = problem.hidden.flatten(0, 1), problem.mask.flatten(0, 1)
    step = rag_token_step(problem.generator, *rows, prior, num_beams=1, use_cache=False)
    answer, logprob = rag_token_beam(problem)[0][0]
    chain = sum(step(torch.tensor([[answer[:t]]]), None)[0, 0, answer[t]] for t in range(1, len(answer)))
    chain.backward()
    assert chain.item() == pytest.approx(logprob, abs=1e-9)
    posterior = rag_token_posterior(
        prior.detach(), token_table(problem, answer), torch.ones(1, len(answer) - 1, dtype=torch.bool)
    )
    expected = posterior.sum(dim=2) - (len(answer) - 1) * prior.detach().exp()
    torch.testing.assert_close(scores.grad, expected, rtol=0, atol=1e-9)
    assert scores.grad.sum().item() == pytest.approx(0.0, abs=1e-9)


# --- identity 6: batches, padding, cache


@EVERY_DECODER
@FEW
@given(drawn=drawn_problems(max_questions=3))
def test_a_batch_gives_the_same_answers_as_one_by_one_without_padding(decode, drawn):
    problem = rag_problem(*drawn)
    alone = [decode(problem.only(question))[0] for question in range(len(problem.there))]
    assert_same(decode(problem), alone)


@EVERY_DECODER
@FEW
@given(drawn=drawn_problems(), penalty=st.sampled_from([0.0, 1.0, 2.0]))
def test_cached_and_uncached_decoding_give_the_same_answers(decode, drawn, penalty):
    problem = rag_problem(*drawn)
    cached, uncached = (decode(problem, use_cache, length_penalty=penalty) for use_cache in (True, False))
    assert_same(cached, uncached)


# --- identity 7: greedy = beam 1


@FEW
@given(drawn=drawn_problems())
def test_greedy_rag_token_is_the_beam_search_with_one_beam(drawn):
    problem = rag_problem(*drawn)
    rows = problem.hidden.flatten(0, 1), problem.mask.flatten(0, 1)
    step = rag_token_step(problem.generator, *rows, problem.prior, num_beams=1)
    narrow = beam_search(step, len(problem.there), options(max_length=6))
    assert_same([[(h.tokens, h.logprob) for h in row] for row in narrow], rag_token_greedy(problem))
