"""How are the next tokens of a whole batch scored when their logits do not fit into memory? A part of them at a time.

Paper     Chen et al. 2016, §4: what is cheap to compute again need not be kept; RAG §2.4 (what is trained on)
Tutorial  tutorials/17_training_rag.py
Tests     tests/model/test_output_layer.py

The output layer is one matrix product, softmax(E h + b), and V = 50,265 numbers for every position of every row: of all
that a training step makes, the widest. Only a number or two of each V is wanted, so the rest is thrown away at once and
computed again in backward. Mostly the one number is log p(y_t), and a few hundred tokens of the vocabulary are looked at
at a time (`token_logprobs`; picked_logprobs.py says how). `read_in_chunks` is for whoever wants other numbers: a few
positions at a time, with all their logits.

E is also what words are looked up in, and a lookup's gradient is a few rows of it. torch adds a few rows to a whole matrix in
place if the rows are there first, and makes a second matrix if they come later; and it computes first what forward computed
last. So forward begins with `whole_gradient_last(E)`, and the output layer reads what that gives back.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from minirag.model.picked_logprobs import BLOCK, PickedLogprobs

CHUNK = 128  # positions, those of all rows together: 128 · 50,265 · 4 bytes are 26 MB a copy


def token_logprobs(
    states: Float[Tensor, "*rows T D"],
    embeddings: Float[Tensor, "V D"],
    bias: Float[Tensor, " V"],
    targets: Int[Tensor, "*rows T"],
    block: int | None = None,
) -> Float[Tensor, "*rows T"]:
    """log softmax(E h_t + b)[y_t], in nats, float32 or wider. A negative target (−100) is not read: 0, for no work.

    The same numbers, gradients included, as from all logits at once (`likelihood.gather_token_logprobs`).
    block: how many tokens of the vocabulary are looked at together; without it, as many as suit the device.
    ValueError where it is not positive.
    """
    block = BLOCK["cpu" if states.device.type == "cpu" else "cuda"] if block is None else block
    check_positive("block", block)
    (wanted,) = (targets.flatten() >= 0).nonzero(as_tuple=True)
    read = states.flatten(0, -2).index_select(0, wanted)
    picked = PickedLogprobs.apply(read, embeddings, bias, targets.flatten()[wanted], block)
    return picked.new_zeros(targets.numel()).index_put((wanted,), picked).view(targets.shape)


def whole_gradient_last(embeddings: Float[Tensor, "V D"]) -> Float[Tensor, "V D"]:
    """E, with the gradient of whoever reads this given to E after the gradients of what is computed from now on."""
    return Waiting.apply(embeddings)


class Waiting(torch.autograd.Function):
    """Nothing is computed: backward comes to it when nothing made later is left to do."""

    @staticmethod
    def forward(ctx: Any, embeddings: Float[Tensor, "V D"]) -> Float[Tensor, "V D"]:
        return embeddings.view_as(embeddings)

    @staticmethod
    def backward(ctx: Any, whole: Float[Tensor, "V D"]) -> Float[Tensor, "V D"]:
        return whole


def check_positive(name: str, number: int) -> None:
    if number < 1:
        raise ValueError(f"{name}={number} is not positive")


def read_in_chunks(
    states: Float[Tensor, "*rows T D"],
    embeddings: Float[Tensor, "V D"],
    bias: Float[Tensor, " V"],
    read: Callable[[Tensor, slice], Tensor],
    chunk: int = CHUNK,
) -> list[Tensor]:
    """[read(log softmax(E h_t + b), t in part) for each part of the positions]; the rows of a position stay together.

    `read` gets (*rows, t, V) log-probabilities and which positions they belong to. It is called a second time in backward.
    ValueError where `chunk` is not positive; a position with more rows than `chunk` is read alone.
    """
    check_positive("chunk", chunk)
    rows = states.shape[:-2].numel()
    length = max(1, chunk // max(1, rows))

    def read_part(part: slice) -> Tensor:
        return read(next_logprobs(states[..., part, :], embeddings, bias), part)

    parts = [slice(start, start + length) for start in range(0, states.shape[-2], length)]
    return [checkpoint(read_part, part, use_reentrant=False, preserve_rng_state=False) for part in parts]


def next_logprobs(
    states: Float[Tensor, "*rows t D"], embeddings: Float[Tensor, "V D"], bias: Float[Tensor, " V"]
) -> Float[Tensor, "*rows t V"]:
    """log softmax(E h_t + b): the product in whatever autocast says, its normalisation in float32 or wider."""
    logits = linear(states, embeddings, bias)
    return logits.log_softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))
