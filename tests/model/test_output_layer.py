"""The output layer in parts: the numbers and gradients of all logits at once, and never more than one part of them."""

import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from minirag.likelihood import gather_token_logprobs
from minirag.model.output_layer import read_in_chunks, token_logprobs
from tests.model.networks import bart, ragged_ids

CLOSE = {"rtol": 0.0, "atol": 1e-12}


def layer(rows, T, D, V, seed=0, dtype=torch.float64):
    """(states, embeddings, bias, targets), one target in four of them to be ignored."""
    generator = torch.Generator().manual_seed(seed)
    parts = [torch.randn(*shape, generator=generator, dtype=dtype) for shape in ((*rows, T, D), (V, D), (V,))]
    targets = torch.randint(V, (*rows, T), generator=generator)
    ignored = torch.rand(targets.shape, generator=generator) < 0.25
    return *[part.requires_grad_() for part in parts], targets.masked_fill(ignored, -100)


def gradients(result, *leaves):
    """Of a weighted sum, so that no two positions weigh the same."""
    weights = torch.linspace(-1, 2, result.numel(), dtype=result.dtype).view(result.shape)
    return torch.autograd.grad((result * weights).sum(), leaves)


shapes = st.tuples(
    st.lists(st.integers(1, 3), max_size=3), st.integers(1, 7), st.integers(1, 4), st.integers(1, 6), st.integers(0, 99)
)


@settings(max_examples=25)
@given(shapes, st.integers(1, 40))
def test_the_log_probabilities_and_their_gradients_are_those_of_all_logits_at_once(shape, block):
    states, embeddings, bias, targets = layer(*shape)
    in_blocks = token_logprobs(states, embeddings, bias, targets, block)
    logits = (states @ embeddings.mT + bias).flatten(0, -2)
    dense = (
        gather_token_logprobs(logits[None, None], targets.view(1, -1)).view(targets.shape).masked_fill(targets < 0, 0)
    )
    torch.testing.assert_close(in_blocks, dense, **CLOSE)
    leaves = states, embeddings, bias
    torch.testing.assert_close(gradients(in_blocks, *leaves), gradients(dense, *leaves), **CLOSE)


@settings(max_examples=25)
@given(shapes, st.integers(1, 40))
def test_every_position_is_read_once_with_all_its_rows(shape, chunk):
    states, embeddings, bias, targets = layer(*shape)

    def read(logprobs, part):
        assert logprobs.shape[:-2] == targets.shape[:-1]
        assert logprobs[..., 0].numel() <= max(chunk, targets.shape[:-1].numel())
        return torch.arange(targets.shape[-1])[part]

    with torch.no_grad():
        read_positions = torch.cat(read_in_chunks(states, embeddings, bias, read, chunk))
    assert read_positions.tolist() == list(range(targets.shape[-1]))


class Widest(TorchDispatchMode):
    """Every tensor whose last axis is the vocabulary: the largest one, and those that are still there."""

    def __init__(self, V):
        super().__init__()
        self.V, self.rows, self.made = V, 0, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(tensor, torch.Tensor) and tensor.dim() > 1 and tensor.shape[-1] == self.V:
                self.rows = max(self.rows, tensor.numel() // self.V)
                self.made.append(weakref.ref(tensor))
        return made

    def left(self):
        return sum(reference() is not None for reference in self.made)


@pytest.mark.parametrize("bf16", [False, True])
def test_no_more_than_one_block_of_logits_is_there_forward_or_backward(bf16):
    states, embeddings, bias, targets = layer((2, 3), 8, 3, 11, dtype=torch.float32)
    with Widest(11) as whole, Widest(4) as block:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logprobs = token_logprobs(states, embeddings, bias, targets, block=4)
        assert block.made and block.left() == 0  # none is kept for backward
        logprobs.sum().backward()
    scored = int((targets >= 0).sum())
    assert block.rows == scored and whole.rows == 0


def test_no_more_than_one_chunk_of_logits_is_there_for_who_wants_all_of_them():
    states, embeddings, bias, _ = layer((), 8, 3, 11, dtype=torch.float32)
    with Widest(11) as widest:
        sums = read_in_chunks(states, embeddings, bias, lambda logprobs, part: logprobs.sum(dim=-1), chunk=4)
        assert widest.made and widest.left() == 0
        torch.cat(sums).sum().backward()
    assert widest.rows == 4


def test_what_is_not_scored_costs_no_product():
    states, embeddings, bias, targets = layer((6,), 8, 5, 11)
    with FlopCounterMode(display=False) as counter:
        token_logprobs(states, embeddings, bias, targets).sum().backward()
    scored = int((targets >= 0).sum())
    assert scored < targets.numel()
    assert counter.get_total_flops() == 4 * 2 * scored * embeddings.numel()  # logits twice, and each side's gradient


def test_where_nothing_is_scored_every_gradient_is_0():
    states, embeddings, bias, targets = layer((2,), 3, 4, 5)
    logprobs = token_logprobs(states, embeddings, bias, torch.full_like(targets, -100))
    assert logprobs.tolist() == [[0.0] * 3] * 2
    assert not any(gradient.any() for gradient in gradients(logprobs, states, embeddings, bias))


def test_the_dense_layer_keeps_what_the_one_in_blocks_does_not():
    states, embeddings, bias, targets = layer((6,), 8, 5, 11)
    with Widest(11) as widest:
        kept = gather_token_logprobs((states @ embeddings.mT + bias)[None], targets[:1])
        assert kept.requires_grad and widest.left() > 0 and widest.rows == 48


def test_under_bfloat16_autocast_the_normalisation_is_in_float32():
    states, embeddings, bias, targets = layer((2,), 5, 8, 30, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        in_blocks = token_logprobs(states, embeddings, bias, targets, block=3)
        logits = torch.nn.functional.linear(states, embeddings, bias)
    assert logits.dtype == torch.bfloat16 and in_blocks.dtype == torch.float32
    dense = logits.float().log_softmax(dim=-1).gather(-1, targets.clamp(min=0)[..., None])[..., 0]
    dense = dense.masked_fill(targets < 0, 0)
    torch.testing.assert_close(in_blocks, dense, rtol=0, atol=1e-6)
    (gradient,) = torch.autograd.grad(in_blocks.sum(), states)
    (exact,) = torch.autograd.grad(token_logprobs(states, embeddings, bias, targets).sum(), states)
    assert gradient.dtype == torch.float32
    torch.testing.assert_close(gradient, exact, rtol=0.05, atol=0.1)  # bfloat16 has 8 bits


@pytest.mark.parametrize("around_backward", [False, True])
def test_under_autocast_gradients_are_those_of_torchs_own_in_bfloat16(around_backward):
    states, embeddings, bias, targets = layer((2,), 5, 8, 30, dtype=torch.float32)
    leaves = states, embeddings, bias
    with torch.autocast("cpu", torch.bfloat16):
        in_blocks = token_logprobs(*leaves, targets, block=3)
        logits = torch.nn.functional.linear(*leaves)
        dense = logits.log_softmax(dim=-1, dtype=torch.float32).gather(-1, targets.clamp(min=0)[..., None])[..., 0]
        dense = dense.masked_fill(targets < 0, 0)
    with torch.autocast("cpu", torch.bfloat16, enabled=around_backward):
        ours = gradients(in_blocks, *leaves)
    for gradient, theirs in zip(ours, gradients(dense, *leaves), strict=True):
        assert gradient.dtype == torch.float32
        torch.testing.assert_close(
            gradient, theirs, rtol=0.02, atol=0.02
        )  # sums of bfloat16 products, in another order


def test_all_blocks_write_to_one_gradient_of_the_embeddings():
    states, embeddings, bias, targets = layer((6,), 8, 5, 11)
    logprobs = token_logprobs(states, embeddings, bias, targets, block=4).sum()
    with Tables(11, 5) as made:
        logprobs.backward()
    assert made.count == 1


class Tables(TorchDispatchMode):
    """How many new tensors of the shape of the embeddings there were."""

    def __init__(self, V, D):
        super().__init__()
        self.shape, self.storages = (V, D), set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and made.shape == self.shape:
            self.storages.add(made.untyped_storage().data_ptr())
        return made

    @property
    def count(self):
        return len(self.storages)


def test_a_part_that_is_not_positive_is_refused():
    states, embeddings, bias, targets = layer((2,), 3, 4, 5)
    with pytest.raises(ValueError, match="block=0 is not positive"):
        token_logprobs(states, embeddings, bias, targets, block=0)
    with pytest.raises(ValueError, match="chunk=-1 is not positive"):
        read_in_chunks(states, embeddings, bias, lambda logprobs, part: logprobs, chunk=-1)


def test_a_block_in_which_no_token_is_possible_adds_nothing():
    states, embeddings, bias, targets = layer((2,), 3, 4, 6)
    impossible = bias.detach().masked_fill(torch.arange(6) < 3, -torch.inf).requires_grad_()
    possible = targets.detach().clamp(min=3)
    leaves = states, embeddings, impossible
    in_blocks = token_logprobs(*leaves, possible, block=3)
    dense = (states @ embeddings.mT + impossible).log_softmax(dim=-1).gather(-1, possible[..., None])[..., 0]
    torch.testing.assert_close(in_blocks, dense, **CLOSE)
    torch.testing.assert_close(gradients(in_blocks, *leaves), gradients(dense, *leaves), **CLOSE)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(1, 5), st.booleans(), st.integers(0, 50))
def test_decode_states_are_the_states_of_decode(lengths, steps, masked, seed):
    model = bart()
    ids, mask = ragged_ids(lengths, seed)
    decoder_ids, decoder_mask = ragged_ids([steps] * len(lengths), seed + 1)
    hidden = model.encode(ids, mask).last_hidden_state
    decoder_mask[:, 1:2] = not masked
    decoded = model.decode(decoder_ids, hidden, mask, decoder_mask=decoder_mask)
    states = model.decode_states(decoder_ids, hidden, mask, decoder_mask)
    assert torch.equal(states, decoded.last_hidden_state)
    assert torch.equal(model.logits(states), decoded.logits)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(0, 50), st.data())
def test_answer_states_and_gradients_are_those_of_encoding_and_decoding_one_after_the_other(lengths, seed, data):
    model = bart().double()
    ids, mask = ragged_ids(lengths, seed)
    answer_lengths = data.draw(st.lists(st.integers(1, 5), min_size=len(lengths), max_size=len(lengths)))
    answers, real = ragged_ids(answer_lengths, seed + 1)
    ours, last = model.answer_states(ids, mask, answers, real)
    plain = model.decode_states(answers, model.encode(ids, mask).last_hidden_state, mask)
    torch.testing.assert_close(ours[real], plain[real])
    assert (ours[~real] == 0).all()
    targets = answers.masked_fill(~real, -100)
    embeddings, bias, weights = model.embed_tokens.weight, model.logits_bias[0], list(model.parameters())
    losses = [token_logprobs(*read, bias, targets).sum() for read in ((ours, last), (plain, embeddings))]
    mine, expected = (torch.autograd.grad(loss, weights) for loss in losses)
    assert not any(gradient.is_sparse for gradient in mine)
    torch.testing.assert_close(mine, expected)


def matrices_copied(model, states, embeddings, targets, block) -> int:
    """How often backward copies a (V, D)."""
    loss = token_logprobs(states, embeddings, model.logits_bias[0], targets, block).sum()
    with torch.autograd.profiler.profile(record_shapes=True) as record:
        loss.backward()
    whole = list(model.embed_tokens.weight.shape)
    return sum(event.name == "aten::copy_" and event.input_shapes[0] == whole for event in record.function_events)


@pytest.mark.parametrize("block", [2, 100])
def test_rows_that_were_looked_up_are_added_to_the_gradient_of_the_output_layer_in_place(block):
    model = bart(vocab_size=77)
    ids, mask = ragged_ids([4, 6], seed=0)
    answers, real = ragged_ids([3, 5], seed=1)
    targets = answers.masked_fill(~real, -100)
    states, embeddings = model.answer_states(ids, mask, answers, real)
    assert matrices_copied(model, states, embeddings, targets, block) == 0
    model.zero_grad()
    states, _ = model.answer_states(ids, mask, answers, real)
    assert matrices_copied(model, states, model.embed_tokens.weight, targets, block) == 2  # what this saves
