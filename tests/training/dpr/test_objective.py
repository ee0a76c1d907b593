"""The loss is DPR's equation, over the passages that may stand against a question and no others."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.dpr.objective import dpr_loss


@given(st.integers(1, 5), st.integers(0, 3), st.integers(0, 99))
def test_the_loss_is_the_mean_nll_of_each_questions_own_passage_among_its_candidates(questions, extra, seed):
    generator = torch.Generator().manual_seed(seed)
    q = torch.randn(questions, 4, generator=generator)
    p = torch.randn(questions + extra, 4, generator=generator)
    gold = torch.randint(questions + extra, (questions,), generator=generator)
    candidates = torch.rand(questions, questions + extra, generator=generator) < 0.5
    candidates[torch.arange(questions), gold] = True
    total = 0.0
    for i in range(questions):
        scores = {j: float(q[i] @ p[j]) for j in range(len(p)) if candidates[i, j]}
        total -= scores[int(gold[i])] - math.log(sum(math.exp(score) for score in scores.values()))
    assert math.isclose(dpr_loss(q, p, gold, candidates).item(), total / questions, rel_tol=1e-4, abs_tol=1e-5)


@given(st.integers(1, 4), st.integers(0, 99))
def test_passage_i_answers_question_i_unless_something_else_is_said(questions, seed):
    generator = torch.Generator().manual_seed(seed)
    q, p = torch.randn(questions, 3, generator=generator), torch.randn(questions + 1, 3, generator=generator)
    everybody = torch.ones(questions, questions + 1, dtype=torch.bool)
    assert torch.equal(dpr_loss(q, p), dpr_loss(q, p, torch.arange(questions), everybody))


def test_a_masked_passage_gets_no_gradient_from_the_question_it_is_masked_for():
    q, p = torch.randn(1, 3), torch.randn(3, 3, requires_grad=True)
    dpr_loss(q, p, torch.tensor([0]), torch.tensor([[True, True, False]])).backward()
    assert p.grad[2].abs().max() == 0 < p.grad[1].abs().max()
