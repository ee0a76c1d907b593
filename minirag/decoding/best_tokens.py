"""Which few of 50,265 tokens are the best? Those of the blocks whose best are the best.

Paper     none: the numbers are those of torch.topk
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_best_tokens.py

Finding the C best of V numbers takes torch longer than making them out of a softmax, for it carries each number's place along.
The largest number of each block is found far sooner. And of the C best, each is in a block that is among the C best by
their largest number: were C other blocks ahead of its own, C numbers would be ahead of it. So of C blocks of 64 tokens all
are looked at, and of the others one number each.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

BLOCK = 64  # tokens


def best_tokens(
    scores: Float[Tensor, "*rows V"], count: int
) -> tuple[Float[Tensor, "*rows C"], Int[Tensor, "*rows C"]]:
    """The C = min(count, V) largest scores of each row, best first, and whose they are. Equal ones: any of them."""
    V = scores.shape[-1]
    blocks = V // BLOCK
    if blocks <= count:
        best, tokens = scores.topk(min(count, V))
        return best, tokens
    end = blocks * BLOCK
    largest = scores[..., :end].unflatten(-1, (blocks, BLOCK)).amax(dim=-1)  # (*rows, blocks)
    chosen = largest.topk(count).indices[..., None]  # (*rows, C, 1)
    inside = (chosen * BLOCK + torch.arange(BLOCK, device=scores.device)).flatten(-2)  # (*rows, C * BLOCK)
    behind = torch.arange(end, V, device=scores.device).expand(*scores.shape[:-1], -1)
    tokens = torch.cat([inside, behind], dim=-1)
    best, at = scores.gather(-1, tokens).topk(count)
    return best, tokens.gather(-1, at)
