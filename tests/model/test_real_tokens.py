"""Leaving padding out of the layers changes no real token's state and no gradient, and costs nothing for padding."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from minirag.model.attention import MultiHeadAttention, padding_mask
from minirag.model.real_tokens import real_tokens
from tests.model.networks import bart, context_encoder, ragged_ids

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=6)
CLOSE = {"atol": 1e-10, "rtol": 1e-10}


def in_rectangle(model, ids, mask):
    """The plain encoder: every cell of the batch goes through every layer."""
    levels = [model.encoder.embeddings(model.embed_tokens(ids))]
    for layer in model.encoder.layers:
        levels.append(layer(levels[-1], padding_mask(mask))[0])
    return levels


def padded(lengths, seed, left):
    ids, mask = ragged_ids(lengths, seed)
    return (ids.flip(1), mask.flip(1)) if left else (ids, mask)


@given(LENGTHS, st.integers(0, 50), st.booleans())
def test_real_tokens_have_the_states_of_the_rectangle_at_every_level_and_padding_has_none(lengths, seed, left):
    model = bart().double()
    ids, mask = padded(lengths, seed, left)
    levels = model.encode(ids, mask, output_hidden_states=True).hidden_states
    for ours, plain in zip(levels, in_rectangle(model, ids, mask), strict=True):
        torch.testing.assert_close(ours[mask], plain[mask], **CLOSE)
        assert (ours[~mask] == 0).all()


@given(LENGTHS, st.integers(0, 50), st.booleans())
def test_berts_real_tokens_have_the_states_of_the_rectangle_and_its_gradients(lengths, seed, with_gradient):
    bert = context_encoder().double().ctx_encoder.bert
    ids, mask = ragged_ids(lengths, seed)
    with torch.set_grad_enabled(with_gradient):
        plain = [bert.embeddings(ids)]
        for layer in bert.layers:
            plain.append(layer(plain[-1], padding_mask(mask))[0])
        ours = bert(ids, mask, output_hidden_states=True).hidden_states
    for level, expected in zip(ours, plain, strict=True):
        torch.testing.assert_close(level[mask], expected[mask], **CLOSE)
        assert (level[~mask] == 0).all()
    if with_gradient:
        weights = torch.linspace(-1, 1, int(mask.sum()) * 16, dtype=torch.float64).view(-1, 16)
        both = (
            torch.autograd.grad((states[-1][mask] * weights).sum(), list(bert.parameters())) for states in (ours, plain)
        )
        torch.testing.assert_close(*both, **CLOSE)


@given(LENGTHS, st.integers(0, 20), st.booleans())
def test_what_is_read_of_a_source_is_the_same_with_its_padding_in_a_rectangle(lengths, seed, left):
    model = bart().double()
    ids, mask = padded(lengths, seed, left)
    source = in_rectangle(model, ids, mask)[-1]
    read = torch.tensor([[2, 5, 7]]).expand(len(ids), -1)
    ours = model.decode_states(read, source, mask)
    x, causal = model.decoder.embeddings(model.embed_tokens(read)), torch.ones(3, 3).tril().bool()[None, None]
    for layer in model.decoder.layers:
        x, _ = layer(x, causal, source, padding_mask(mask))
    torch.testing.assert_close(ours, x, **CLOSE)


@given(LENGTHS, st.integers(0, 20))
def test_gradients_are_those_of_the_rectangle(lengths, seed):
    model = bart().double()
    ids, mask = ragged_ids(lengths, seed)
    weights = torch.linspace(-1, 1, int(mask.sum()) * 16, dtype=torch.float64).view(-1, 16)
    leaves = list(model.encoder.parameters())
    ours = torch.autograd.grad((model.encode(ids, mask).last_hidden_state[mask] * weights).sum(), leaves)
    plain = torch.autograd.grad((in_rectangle(model, ids, mask)[-1][mask] * weights).sum(), leaves)
    torch.testing.assert_close(ours, plain, **CLOSE)


@given(LENGTHS, st.booleans())
def test_together_and_apart_are_inverse(lengths, left):
    _, mask = padded(lengths, 0, left)
    rows = real_tokens(mask)
    states = torch.randn(*mask.shape, 3) * mask[..., None]
    assert rows.together(states).shape == (1, int(mask.sum()), 3)
    assert torch.equal(rows.apart(rows.together(states)), states)


@pytest.mark.parametrize("lengths", [[8, 8, 8], [8, 1, 1]])
def test_work_outside_attention_is_that_of_the_real_tokens(lengths):
    model = bart()
    ids, mask = ragged_ids(lengths)
    with FlopCounterMode(display=False) as counter:
        model.encode(ids, mask)
    products = sum(count for name, count in counter.get_flop_counts()["Global"].items() if "attention" not in str(name))
    layer = model.encoder.layers[0]
    matrices = [layer.attention.query, layer.feed_forward.up, layer.feed_forward.down]
    expected = 2 * sum(lengths) * (4 * matrices[0].weight.numel() + sum(m.weight.numel() for m in matrices[1:]))
    assert products == expected * len(model.encoder.layers)


def test_a_row_without_any_real_token_harms_no_other():
    model = bart().double()
    ids, mask = ragged_ids([5, 3])
    alone = model.encode(ids, mask).last_hidden_state
    mask_with_nothing = torch.cat([mask, torch.zeros_like(mask[:1])])
    states = model.encode(torch.cat([ids, ids[:1]]), mask_with_nothing).last_hidden_state
    torch.testing.assert_close(states[:2], alone, **CLOSE)
    assert (states[2] == 0).all()


@given(LENGTHS, st.data(), st.integers(0, 20))
def test_attention_row_by_row_is_attention_under_a_mask(lengths, data, seed):
    """Cross-attention: rows of one length look at rows of another."""
    torch.manual_seed(seed)
    attention = MultiHeadAttention(8, 2).double()
    asking = [1, *data.draw(st.lists(st.integers(0, 5), min_size=len(lengths) - 1, max_size=len(lengths) - 1))]
    here, there = (torch.arange(max(1, *n))[None] < torch.tensor(n)[:, None] for n in (asking, lengths))
    rows, source_rows = real_tokens(here), real_tokens(there)
    x, source = (torch.randn(1, sum(n), 8, dtype=torch.float64, requires_grad=True) for n in (asking, lengths))
    ours = attention.row_by_row(x, source, rows, source_rows)
    plain, _ = attention(x, attention.keys_values(source, source_rows), padding_mask(there), rows=rows)
    torch.testing.assert_close(ours, plain, **CLOSE)
    leaves = [x, source, *attention.parameters()]
    mine, expected = (torch.autograd.grad(made.sin().sum(), leaves) for made in (ours, plain))
    torch.testing.assert_close(mine, expected, **CLOSE)


def test_a_row_that_looks_at_nothing_gathers_nothing():
    attention = MultiHeadAttention(8, 2)
    mask = torch.tensor([[True, True], [False, False]])
    x = torch.randn(1, 3, 8)
    rows = real_tokens(torch.tensor([[True, True], [True, False]]))
    gathered = attention.row_by_row(x, torch.randn(1, 2, 8), rows, real_tokens(mask))
    torch.testing.assert_close(gathered[0, 2], attention.output.bias)
