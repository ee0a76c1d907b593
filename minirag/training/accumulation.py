"""How is a batch trained on that is too large for the memory? In parts: their gradients add up to the whole batch's.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_accumulation.py
"""

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor


def accumulate(losses: Iterable[Callable[[], Float[Tensor, ""]]], device: torch.device, bf16: bool) -> float:
    """Σ_i loss_i, and Σ_i ∂loss_i/∂θ added to .grad: each part's graph is gone before the next one is built.

    A loss is that part's share of the batch's: the sum over its rows divided by the rows (or tokens) of the WHOLE batch.
    bf16: forward passes under autocast. A master copy of the weights stays in float32; backward follows the forward's types.
    """
    total = torch.zeros((), device=device)
    for loss_of_part in losses:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = loss_of_part()
        loss.backward()
        total = total + loss.detach().float()
    return total.item()


def in_one_part(
    loss_at: Callable[[int], Float[Tensor, ""]], device: torch.device, bf16: bool
) -> Callable[[int], float]:
    """The objective of a batch that fits: loss_at(step) is its mean loss."""
    return lambda step: accumulate([lambda: loss_at(step)], device, bf16)
