"""Do the bounds hold, whatever is not known yet, and does dropping by them never lose one of the best?"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.decoding.candidate_bounds import lower_bound, may_win, upper_bound
from minirag.likelihood import NEVER, doc_logprobs

SLACK = 1e-9


@st.composite
def tables(draw):
    """(prior, logprobs of all tokens, logprobs of what was read, whole): C answers that exclude one another, K passages."""
    C, K, seed = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(0, 2**31 - 1))
    random = torch.Generator().manual_seed(seed)
    sharpness = draw(st.sampled_from([0.5, 3.0, 10.0]))  # from passages that know nothing to those that are sure
    there = torch.rand(1, K, generator=random) > 0.2
    there[0, 0] = True
    prior = doc_logprobs(sharpness * torch.randn(1, K, generator=random, dtype=torch.float64), there)[0]
    every = sharpness * torch.randn(C + 1, K, generator=random, dtype=torch.float64)
    exact = every.log_softmax(dim=0)[:-1]  # the last row is all other answers together
    whole = torch.rand(C, K, generator=random) < 0.5
    whole[:, prior == NEVER] = False
    share = torch.rand(C, K, generator=random, dtype=torch.float64)
    return prior, exact, torch.where(whole, exact, share * exact), whole


@given(tables())
def test_the_probability_of_a_candidate_lies_between_its_bounds(table):
    prior, exact, logprobs, whole = table
    truth = (prior + exact).logsumexp(dim=1)
    assert (lower_bound(prior, logprobs, whole) <= truth + 1e-12).all()
    assert (truth <= upper_bound(prior, logprobs, whole, SLACK) + 1e-12).all()


@given(tables(), st.integers(1, 4))
def test_none_of_the_best_is_ever_dropped(table, limit):
    prior, exact, logprobs, whole = table
    best = (prior + exact).logsumexp(dim=1).topk(min(limit, len(exact))).indices
    assert may_win(prior, logprobs, whole, limit, SLACK)[best].all()


@given(tables())
def test_bounds_meet_where_everything_is_known(table):
    prior, exact, _, _ = table
    whole = torch.ones_like(exact, dtype=torch.bool)
    truth = (prior + exact).logsumexp(dim=1)
    torch.testing.assert_close(lower_bound(prior, exact, whole), truth)
    torch.testing.assert_close(upper_bound(prior, exact, whole, SLACK), truth)


def test_what_a_passage_gave_to_its_own_answer_is_gone_for_the_others():
    """By hand: passage 0 (0.6) has 0.9 for answer 0, passage 1 (0.4) has 0.5 for answer 1. Answer 1 has at most
    0.6 · 0.1 + 0.4 · 0.5 = 0.26, answer 0 has at least 0.6 · 0.9 = 0.54: nothing more need be read."""
    prior = torch.tensor([0.6, 0.4], dtype=torch.float64).log()
    logprobs = torch.tensor([[0.9, 1.0], [1.0, 0.5]], dtype=torch.float64).log()
    whole = torch.tensor([[True, False], [False, True]])
    assert lower_bound(prior, logprobs, whole).exp().tolist() == pytest.approx([0.54, 0.2])
    assert upper_bound(prior, logprobs, whole, 1e-12).exp().tolist() == pytest.approx([0.54 + 0.4 * 0.5, 0.26])
    assert may_win(prior, logprobs, whole, 1, SLACK).tolist() == [True, False]
    assert may_win(prior, logprobs, whole, 2, SLACK).tolist() == [True, True]


def test_a_candidate_as_good_as_the_best_is_not_dropped_for_rounding():
    prior, whole = torch.zeros(1, dtype=torch.float64), torch.ones(2, 1, dtype=torch.bool)
    for gap, kept in ((0.5e-3, True), (2e-3, False)):
        logprobs = torch.tensor([[math.log(0.5)], [math.log(0.5) - gap]], dtype=torch.float64)
        assert may_win(prior, logprobs, whole, 1, slack=1e-3).tolist() == [True, kept]
