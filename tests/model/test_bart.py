"""BART: cached decoding is uncached decoding, beams share their source, and labels are scored once each."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.model.bart_layers import shift_right
from tests.model.networks import bart, ragged_ids


def stepped_logits(model, decoder_ids, hidden, mask, beams=1):
    cache = model.start_cache(hidden, mask, beams)
    steps = [model.decode_step(decoder_ids[:, t : t + 1], cache) for t in range(decoder_ids.shape[1])]
    return torch.stack(steps, dim=1)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 6), st.integers(1, 3), st.integers(0, 50))
def test_cached_decoding_gives_the_logits_of_uncached_decoding(lengths, steps, beams, seed):
    model = bart()
    ids, mask = ragged_ids(lengths, seed)
    hidden = model.encode(ids, mask).last_hidden_state
    decoder_ids, _ = ragged_ids([steps] * (len(lengths) * beams), seed + 1)
    cached = stepped_logits(model, decoder_ids, hidden, mask, beams)
    repeated = hidden.repeat_interleave(beams, dim=0), mask.repeat_interleave(beams, dim=0)
    torch.testing.assert_close(cached, model.decode(decoder_ids, *repeated).logits, atol=1e-5, rtol=1e-5)


@given(st.integers(0, 50), st.lists(st.integers(0, 2), min_size=3, max_size=3))
def test_a_reordered_cache_continues_the_prefixes_it_was_given(seed, parents):
    model = bart()
    ids, mask = ragged_ids([6, 4], seed)
    hidden = model.encode(ids, mask).last_hidden_state
    prefixes, _ = ragged_ids([3] * 6, seed + 1)  # 2 sources, 3 beams each
    last, _ = ragged_ids([1] * 6, seed + 2)
    rows = torch.tensor([*parents, *[3 + parent for parent in parents]])
    cache = model.start_cache(hidden, mask, beams=3)
    for t in range(3):
        model.decode_step(prefixes[:, t : t + 1], cache)
    cache.reorder(rows)
    stepped = model.decode_step(last, cache)
    whole = torch.cat([prefixes[rows], last], dim=1)
    repeated = hidden.repeat_interleave(3, dim=0), mask.repeat_interleave(3, dim=0)
    torch.testing.assert_close(stepped, model.decode(whole, *repeated).logits[:, -1], atol=1e-5, rtol=1e-5)


@given(st.integers(0, 50), st.lists(st.booleans(), min_size=4, max_size=4), st.integers(4, 39))
def test_nobody_attends_to_a_decoder_token_that_is_masked(seed, seen, another):
    model = bart()
    ids, mask = ragged_ids([6, 4], seed)
    hidden = model.encode(ids, mask).last_hidden_state
    decoder_ids, _ = ragged_ids([5, 5], seed + 1)
    decoder_mask = torch.tensor([True, *seen]).expand(2, -1)
    logits = model.decode(decoder_ids, hidden, mask, decoder_mask=decoder_mask).logits
    other_ids = decoder_ids.masked_fill(~decoder_mask, another)
    other = model.decode(other_ids, hidden, mask, decoder_mask=decoder_mask).logits
    torch.testing.assert_close(logits[decoder_mask], other[decoder_mask], atol=1e-6, rtol=1e-6)
    if all(seen):
        torch.testing.assert_close(logits, model.decode(decoder_ids, hidden, mask).logits, atol=1e-6, rtol=1e-6)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4), st.integers(1, 6), st.booleans(), st.integers(0, 50))
def test_a_batch_gives_the_same_logits_as_one_by_one(lengths, steps, cached, seed):
    model = bart()
    ids, mask = ragged_ids(lengths, seed)
    decoder_ids, _ = ragged_ids([steps] * len(lengths), seed + 1)

    def logits(rows, width):
        hidden = model.encode(ids[rows, :width], mask[rows, :width]).last_hidden_state
        decode = stepped_logits if cached else lambda *given: given[0].decode(*given[1:]).logits
        return decode(model, decoder_ids[rows], hidden, mask[rows, :width])

    alone = [logits(slice(row, row + 1), length) for row, length in enumerate(lengths)]
    torch.testing.assert_close(logits(slice(None), max(lengths)), torch.cat(alone), atol=1e-5, rtol=1e-5)


def test_a_token_cannot_see_the_tokens_after_it():
    model = bart()
    ids, mask = ragged_ids([6])
    first, _ = ragged_ids([5], seed=1)
    second = first.clone()
    second[:, 3:] = 9
    logits = [model(ids, mask, decoder_ids).logits for decoder_ids in (first, second)]
    torch.testing.assert_close(logits[0][:, :3], logits[1][:, :3])
    assert not torch.allclose(logits[0][:, 3:], logits[1][:, 3:])


@pytest.mark.parametrize("ignored", [1, -100])
def test_the_loss_is_the_mean_nll_of_the_labels_that_are_neither_padding_nor_minus_100(ignored):
    model = bart().requires_grad_(False)
    ids, mask = ragged_ids([6, 4])
    labels = torch.tensor([[5, 6, 7, 2], [8, 2, ignored, ignored]])
    output = model(ids, mask, labels=labels)
    logprobs = output.logits.detach().log_softmax(dim=-1)
    scored = [(0, 0, 5), (0, 1, 6), (0, 2, 7), (0, 3, 2), (1, 0, 8), (1, 1, 2)]
    by_hand = -sum(float(logprobs[row, t, token]) for row, t, token in scored) / len(scored)
    assert math.isclose(output.loss.item(), by_hand, rel_tol=1e-5)


def test_labels_are_shifted_behind_the_start_token():
    labels = torch.tensor([[5, 6, -100]])
    assert shift_right(labels, start=2, pad=1).tolist() == [[2, 5, 6]]
    assert shift_right(torch.tensor([[5, -100, 7]]), start=2, pad=1).tolist() == [[2, 5, 1]]


def test_without_labels_or_decoder_inputs_nothing_can_be_scored():
    with pytest.raises(ValueError, match="decoder_input_ids or labels"):
        bart()(torch.tensor([[5]]))


def test_attention_weights_cover_source_and_prefix():
    model = bart()
    ids, mask = ragged_ids([6, 4])
    output = model(ids, mask, torch.tensor([[2, 5], [2, 6]]), output_attentions=True, output_hidden_states=True)
    assert output.cross_attentions[0].shape == (2, 4, 2, 6)
    assert (output.cross_attentions[1][1, :, :, 4:] == 0).all()
    assert (output.decoder_attentions[0][:, :, 0, 1] == 0).all()
    assert len(output.encoder_hidden_states) == len(output.decoder_hidden_states) == 3


def test_input_and_output_embeddings_are_one_tensor():
    model = bart()
    names = [name for name, parameter in model.named_parameters() if parameter.shape == (40, 16)]
    assert names == ["embed_tokens.weight"]
