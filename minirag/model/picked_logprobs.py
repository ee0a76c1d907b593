"""How probable is each target, without ever holding a distribution over the vocabulary? A few columns of the logits at a time.

Paper     Wijmans et al. 2024 (Cut Your Losses), §4: the loss block by block; Chen et al. 2016, §4: what is cheap to compute
          again need not be kept
Tutorial  tutorials/17_training_rag.py
Tests     tests/model/test_output_layer.py

log p(y) = (E h + b)_y − log Σ_v exp (E h + b)_v needs of V = 50,265 logits one number and a sum. A sum can be added up: so a
block of E, a few hundred rows, is multiplied with all positions, their logits go into the sum (`logaddexp`), and are
forgotten, but for a target's own. In backward each block's logits are computed again and, now that the sum is known, are
probabilities at once, p_v = exp((E h + b)_v − log Σ). The gradient with respect to the logits is known without asking torch:
onehot(y) − p. What it says of this block of E is written once, to its place in the one (V, D) gradient.

All that is made of a block stays near the processor; (n, V) would go to memory and back, several times.
"""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from minirag.model.linear import product

BLOCK = {"cpu": 1024, "cuda": 8192}  # rows of E: 3 MB of BART-base stay near a core; a GPU wants more work at a time


class PickedLogprobs(torch.autograd.Function):
    """ℓ_i = log softmax(E h_i + b)[y_i]; ∂ℓ_i / ∂logits_i = onehot(y_i) − softmax(E h_i + b)."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Float[Tensor, "n D"],
        embeddings: Float[Tensor, "V D"],
        bias: Float[Tensor, " V"],
        index: Int[Tensor, " n"],
        block: int,
    ) -> Float[Tensor, " n"]:
        ctx.block, ctx.format = block, product_format(states)
        wide = torch.promote_types(ctx.format, torch.float32)
        total = states.new_full(index.shape, -torch.inf, dtype=wide)  # log Σ_v exp logits
        chosen = torch.zeros_like(total)
        for part, logits in blocks_of_logits(states.to(ctx.format), embeddings, bias, block):
            total = torch.logaddexp(total, logits.logsumexp(dim=1))
            here, column = inside(index, part)
            chosen = torch.where(here, logits.gather(1, column)[:, 0], chosen)
        ctx.save_for_backward(states, embeddings, bias, index, total)
        return chosen - total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Float[Tensor, " n"]) -> tuple[Tensor | None, ...]:
        states, embeddings, bias, index, total = ctx.saved_tensors
        rows, upstream = states.to(ctx.format), upstream[:, None].to(total.dtype)
        of_states = torch.zeros_like(states, dtype=total.dtype)
        of_embeddings, of_bias = torch.empty_like(embeddings), torch.empty_like(bias)
        for part, logits in blocks_of_logits(rows, embeddings, bias, ctx.block):
            of_logits = logits.sub_(total[:, None]).exp_().mul_(-upstream)
            here, column = inside(index, part)
            of_logits.scatter_add_(1, column, upstream * here[:, None])
            of_bias[part] = of_logits.sum(dim=0)
            of_logits = of_logits.to(ctx.format)
            of_states += product(of_logits, embeddings[part].to(ctx.format).mT, None)
            write_product(of_logits.mT, rows, of_embeddings[part])
        return of_states.to(states.dtype), of_embeddings, of_bias, None, None


def write_product(left: Float[Tensor, "v n"], right: Float[Tensor, "n D"], place: Float[Tensor, "v D"]) -> None:
    """To its place at once, where the formats are the same."""
    if place.dtype == left.dtype:
        torch.mm(left, right, out=place)
    else:
        place.copy_(left @ right)


def blocks_of_logits(
    rows: Float[Tensor, "n D"], embeddings: Float[Tensor, "V D"], bias: Float[Tensor, " V"], block: int
) -> Iterator[tuple[slice, Float[Tensor, "n v"]]]:
    """(which rows of E, E h + b of these), the product in the format of `rows`, what comes of it in float32 or wider."""
    wide = torch.promote_types(rows.dtype, torch.float32)
    for start in range(0, len(embeddings), block):
        part = slice(start, min(start + block, len(embeddings)))
        with torch.autocast(rows.device.type, enabled=False):  # its format is that of `rows` already
            yield part, product(rows, embeddings[part].to(rows.dtype), bias[part].to(rows.dtype)).to(wide)


def inside(index: Int[Tensor, " n"], part: slice) -> tuple[Tensor, Int[Tensor, "n 1"]]:
    """Whether each target is in this block, and its column there (any column, where it is not)."""
    column = (index - part.start).clamp(0, part.stop - part.start - 1)
    return (index >= part.start) & (index < part.stop), column[:, None]


def product_format(states: Float[Tensor, "n D"]) -> torch.dtype:
    """In which a matrix product is computed here: autocast's, else that of the states."""
    device = states.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype
