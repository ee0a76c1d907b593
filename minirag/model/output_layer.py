"""How are the next tokens of a whole batch scored when their logits do not fit into memory? A few positions at a time.

Paper     Chen et al. 2016, §4: what is cheap to compute again need not be kept; RAG §2.4 (what is trained on)
Tutorial  tutorials/17_training_rag.py
Tests     tests/model/test_output_layer.py

The output layer is one matrix product, softmax(E h + b), and V = 50,265 numbers for every position of every row: of all
that a training step makes, the widest. Only a number or two of each V is wanted, so the rest is thrown away at once and
computed again in backward: the logits of one chunk of positions exist at a time, forward and backward.

`chunk` counts positions, those of all rows together.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

CHUNK = 64  # 64 · 50,265 · 4 bytes: 13 MB a copy


def token_logprobs(
    states: Float[Tensor, "*rows T D"],
    embeddings: Float[Tensor, "V D"],
    bias: Float[Tensor, " V"],
    targets: Int[Tensor, "*rows T"],
    chunk: int = CHUNK,
) -> Float[Tensor, "*rows T"]:
    """log softmax(E h_t + b)[y_t], in nats, float32 or wider. A negative target (−100) reads column 0: mask it.

    The same numbers, gradients included, as from all logits at once (`likelihood.gather_token_logprobs`).
    """
    index = targets.clamp(min=0).flatten()[:, None]  # (rows · T, 1)

    def pick(logprobs: Float[Tensor, "t V"], part: slice) -> Float[Tensor, " t"]:
        return logprobs.gather(dim=-1, index=index[part])[:, 0]

    parts = read_in_chunks(states.flatten(0, -2), embeddings, bias, pick, chunk)
    return torch.cat(parts).view(targets.shape)


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
    if chunk < 1:
        raise ValueError(f"chunk={chunk} is not positive")
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
