"""Attention: the fused call, the explicit softmax and a loop by hand say the same; nothing masked is ever seen."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.model.attention import (
    KeysValues,
    MultiHeadAttention,
    causal_mask,
    explicit_attention,
    fused_attention,
    join_heads,
    padding_mask,
    split_heads,
)


def random_states(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 6), st.integers(0, 99))
def test_explicit_attention_is_the_weighted_mean_that_a_loop_computes(heads, queries, keys, seed):
    q, k, v = (random_states(1, heads, n, 4, seed=seed + i) for i, n in enumerate((queries, keys, keys)))
    states, weights = explicit_attention(q, KeysValues(k, v), None)
    for h in range(heads):
        for t in range(queries):
            scores = [sum(float(a) * float(b) for a, b in zip(q[0, h, t], key, strict=True)) / 2 for key in k[0, h]]
            total = sum(math.exp(score) for score in scores)
            for s, score in enumerate(scores):
                assert math.isclose(float(weights[0, h, t, s]), math.exp(score) / total, rel_tol=1e-9)
            mean = sum(math.exp(score) / total * value for score, value in zip(scores, v[0, h], strict=True))
            torch.testing.assert_close(states[0, h, t], mean)


def test_the_fused_call_and_the_explicit_softmax_agree_under_a_mask():
    attention = MultiHeadAttention(12, 3).double()
    x, source = random_states(2, 4, 12), random_states(2, 5, 12, seed=1)
    mask = padding_mask(torch.tensor([[True] * 5, [True] * 2 + [False] * 3]))
    fused, none = attention(x, attention.keys_values(source), mask)
    explicit, weights = attention(x, attention.keys_values(source), mask, weights_wanted=True)
    assert none is None
    torch.testing.assert_close(fused, explicit)
    assert (weights[1, :, :, 2:] == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 4, dtype=torch.float64))


def test_what_is_masked_cannot_change_the_result():
    attention = MultiHeadAttention(8, 2).double()
    x, source = random_states(1, 3, 8), random_states(1, 4, 8, seed=1)
    mask = padding_mask(torch.tensor([[True, True, False, False]]))
    before, _ = attention(x, attention.keys_values(source), mask)
    source[:, 2:] = 1e6
    after, _ = attention(x, attention.keys_values(source), mask)
    torch.testing.assert_close(before, after)


@pytest.mark.parametrize("few", [0, 2**20])
@pytest.mark.parametrize(
    "mask", [None, torch.arange(7) < torch.tensor([7, 2])[:, None], torch.ones(2, 7, 7).tril() > 0]
)
def test_attention_without_a_gradient_is_attention_however_many_weights_it_has(few, mask, monkeypatch):
    monkeypatch.setattr("minirag.model.attention.FEW_WEIGHTS", few)
    q, k, v = (random_states(2, 3, 7, 4, seed=n) for n in range(3))
    mask = None if mask is None else padding_mask(mask) if mask.ndim == 2 else mask[:, None]
    before = [tensor.clone() for tensor in (q, k, v)]
    with torch.no_grad():
        states = fused_attention(q, KeysValues(k, v), mask)
    torch.testing.assert_close(states, explicit_attention(q, KeysValues(k, v), mask)[0])
    assert all(map(torch.equal, before, (q, k, v)))  # in place, but not what was given


@pytest.mark.parametrize("few", [0, 2**20])
def test_bfloat16_attention_without_a_gradient_is_attention_to_its_rounding(few, monkeypatch):
    """Weights at most 1 and values of about 1, each rounded to 8 bits: a mean of them is off by 2⁻⁷ or so."""
    monkeypatch.setattr("minirag.model.attention.FEW_WEIGHTS", few)
    q, k, v = (random_states(2, 3, n, 4, seed=n).bfloat16() for n in (4, 7, 7))
    mask = padding_mask(torch.tensor([[True] * 7, [True] * 2 + [False] * 5]))
    exact, _ = explicit_attention(q.double(), KeysValues(k.double(), v.double()), mask)
    with torch.no_grad():
        states = fused_attention(q, KeysValues(k, v), mask)
    assert states.dtype == torch.bfloat16
    torch.testing.assert_close(states.double(), exact, atol=0.03, rtol=0.03)


@pytest.mark.parametrize("autocast", [False, True])
def test_bfloat16_attention_with_a_gradient_is_float32_attention_on_the_cpu(autocast):
    q, k, v = (random_states(1, 2, 3, 4, seed=i).bfloat16().requires_grad_() for i in range(3))
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        states = fused_attention(q, KeysValues(k, v), None)
    exact = [x.detach().float().requires_grad_() for x in (q, k, v)]
    exact_states = fused_attention(exact[0], KeysValues(exact[1], exact[2]), None)
    assert torch.equal(states, exact_states.bfloat16())
    states.float().sum().backward()
    exact_states.sum().backward()
    for rounded, reference in zip((q, k, v), exact, strict=True):
        assert torch.equal(rounded.grad, reference.grad.bfloat16())


def test_splitting_heads_and_joining_them_are_inverse():
    states = random_states(2, 3, 12)
    assert split_heads(states, 4).shape == (2, 4, 3, 3)
    assert torch.equal(join_heads(split_heads(states, 4)), states)


def test_the_causal_mask_lets_no_position_see_a_later_one():
    mask = causal_mask(3, torch.device("cpu"))[0, 0]
    assert mask.tolist() == [[True, False, False], [True, True, False], [True, True, True]]
