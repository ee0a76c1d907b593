"""How are the next tokens of a whole batch scored when their logits do not fit into memory? A few positions at a time.

Paper     Chen et al. 2016, §4: what is cheap to compute again need not be kept; RAG §2.4 (what is trained on)
Tutorial  tutorials/17_training_rag.py
Tests     tests/model/test_output_layer.py

The output layer is one matrix product, softmax(E h + b), and V = 50,265 numbers for every position of every row: of all
that a training step makes, the widest. Only a number or two of each V is wanted, so the rest is thrown away at once and
computed again in backward: the logits of one chunk of positions exist at a time, forward and backward.

Mostly the one number is log p(y_t). Its gradient with respect to the logits is known without asking torch: 1 for the target
minus the probability of each token. So all chunks add what they say about E to one and the same (V, D) gradient
(`PickedLogprobs`); left to torch, each chunk would make a gradient of its own, 154 MB for BART-base, to be added up later.
`read_in_chunks` is for whoever wants other numbers.

E is also what words are looked up in, and a lookup's gradient is a few rows of it. torch adds a few rows to a whole matrix in
place if the rows are there first, and makes a second matrix if they come later; and it computes first what forward computed
last. So forward begins with `whole_gradient_last(E)`, and the output layer reads what that gives back.

`chunk` counts positions, those of all rows together.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

CHUNK = 128  # 128 · 50,265 · 4 bytes: 26 MB a copy
BLOCK = 512  # rows of E that are multiplied at a time: 1.5 MB


def token_logprobs(
    states: Float[Tensor, "*rows T D"],
    embeddings: Float[Tensor, "V D"],
    bias: Float[Tensor, " V"],
    targets: Int[Tensor, "*rows T"],
    chunk: int = CHUNK,
) -> Float[Tensor, "*rows T"]:
    """log softmax(E h_t + b)[y_t], in nats, float32 or wider. A negative target (−100) is not read: 0, for no work.

    The same numbers, gradients included, as from all logits at once (`likelihood.gather_token_logprobs`).
    """
    check_chunk(chunk)
    (wanted,) = (targets.flatten() >= 0).nonzero(as_tuple=True)
    read = states.flatten(0, -2).index_select(0, wanted)
    picked = PickedLogprobs.apply(read, embeddings, bias, targets.flatten()[wanted], chunk)
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


class PickedLogprobs(torch.autograd.Function):
    """ℓ_i = log softmax(E h_i + b)[y_i]; ∂ℓ_i / ∂logits_i = onehot(y_i) − softmax(E h_i + b)."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Float[Tensor, "n D"],
        embeddings: Float[Tensor, "V D"],
        bias: Float[Tensor, " V"],
        index: Int[Tensor, " n"],
        chunk: int,
    ) -> Float[Tensor, " n"]:
        ctx.save_for_backward(states, embeddings, bias, index)
        ctx.chunk, ctx.format = chunk, product_format(states)
        parts = zip(states.split(chunk), index.split(chunk), strict=True)
        return torch.cat(
            [next_logprobs(part, embeddings, bias).gather(1, chosen[:, None])[:, 0] for part, chosen in parts]
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Float[Tensor, " n"]) -> tuple[Tensor | None, ...]:
        states, embeddings, bias, index = ctx.saved_tensors
        of_states, of_bias, of_embeddings = torch.empty_like(states), torch.zeros_like(bias), None
        with torch.autocast(states.device.type, enabled=False):  # the product is computed in the format of forward
            rows, matrix, offset = (tensor.to(ctx.format) for tensor in (states, embeddings, bias))
            for start in range(0, len(states), ctx.chunk):
                part = slice(start, start + ctx.chunk)
                of_logits = gradient_of_logits(product(rows[part], matrix, offset), index[part], upstream[part])
                of_states[part] = of_logits @ matrix
                of_embeddings = plus_product(of_embeddings, of_logits.mT, rows[part], embeddings.dtype)
                of_bias.add_(of_logits.sum(dim=0))
        return of_states, torch.zeros_like(embeddings) if of_embeddings is None else of_embeddings, of_bias, None, None


def gradient_of_logits(
    logits: Float[Tensor, "t V"], index: Int[Tensor, " t"], upstream: Float[Tensor, " t"]
) -> Float[Tensor, "t V"]:
    """g_i · (onehot(y_i) − softmax(logits_i)), in the format of the logits."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    gradient = logits.softmax(dim=-1, dtype=wide).mul_(-upstream[:, None])
    gradient.scatter_add_(1, index[:, None], upstream[:, None].to(wide))
    return gradient.to(logits.dtype)


def plus_product(
    total: Float[Tensor, "V D"] | None, left: Float[Tensor, "V t"], right: Float[Tensor, "t D"], dtype: torch.dtype
) -> Float[Tensor, "V D"]:
    """total + left right (None: 0), in place, and without a second (V, D) where the formats are the same."""
    if total is None:
        return (left @ right).to(dtype)
    if total.dtype == left.dtype:
        return torch.addmm(total, left, right, out=total)  # operation counters know it, and not addmm_
    return total.add_(left @ right)


def product_format(states: Float[Tensor, "n D"]) -> torch.dtype:
    """In which a matrix product is computed here: autocast's, else that of the states."""
    device = states.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype


def check_chunk(chunk: int) -> None:
    if chunk < 1:
        raise ValueError(f"chunk={chunk} is not positive")


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
    check_chunk(chunk)
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
    logits = product(states, embeddings, bias)
    return logits.log_softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))


def product(
    states: Float[Tensor, "*rows t D"], embeddings: Float[Tensor, "V D"], bias: Float[Tensor, " V"]
) -> Float[Tensor, "*rows t V"]:
    """E h + b, in blocks of E that stay near the processor while all rows are multiplied with them.

    On a CPU, of 128 rows with all of BART's E at once, each part of E comes from memory again and again: twice the time.
    """
    kept = torch.is_grad_enabled() and (states.requires_grad or embeddings.requires_grad)  # `out=` has no gradient
    if kept or states.device.type != "cpu" or states.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
        return linear(states, embeddings, bias)
    rows = states.flatten(0, -2)
    logits = rows.new_empty(len(rows), len(embeddings))
    for start in range(0, len(embeddings), BLOCK):
        part = slice(start, start + BLOCK)
        torch.addmm(bias[part], rows, embeddings[part].mT, out=logits[:, part])
    return logits.view(*states.shape[:-1], -1)
