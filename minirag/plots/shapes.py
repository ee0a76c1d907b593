"""Can this be drawn? What was handed in, as a tensor of the right shape, or one line that names what is wrong with it.

Paper     none
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots/test_shapes.py
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

ROUNDING = 1e-3  # bfloat16 sums of probabilities stray this far


def numbers(name: str, values: Tensor | Sequence[Any], *shapes: str) -> Float[Tensor, "..."]:
    """float64 on the CPU, without a gradient. `shapes` are those that will do, such as "K T".

    ValueError: not numbers, another number of axes, an empty axis, NaN.
    """
    wanted = " or ".join(f"({', '.join(shape.split())})" for shape in shapes)
    try:
        there = values.detach().cpu() if isinstance(values, Tensor) else values
        tensor = torch.as_tensor(there, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} is not a table of numbers of the shape {wanted}") from None
    if tensor.ndim not in [len(shape.split()) for shape in shapes] or 0 in tensor.shape:
        raise ValueError(f"{name} has the shape {tuple(tensor.shape)}, not {wanted}")
    if tensor.isnan().any():
        raise ValueError(f"{name} holds NaN")
    return tensor


def shares(name: str, values: Tensor | Sequence[Any], *shapes: str) -> Float[Tensor, "..."]:
    """The same for probabilities and rates. ValueError: a value outside 0 to 1."""
    tensor = numbers(name, values, *shapes)
    if tensor.min() < -ROUNDING or tensor.max() > 1 + ROUNDING:
        raise ValueError(f"{name} has values from {tensor.min():.4g} to {tensor.max():.4g}, not from 0 to 1")
    return tensor


def check_count(name: str, things: Sequence[Any], count: int, per: str) -> None:
    """ValueError unless there is one of `things` for each `per`."""
    if isinstance(things, str):
        raise ValueError(f"{name} is one string, not a sequence of them")
    if len(things) != count:
        raise ValueError(f"{name} has {len(things)} entries, not {count}: one for each {per}")


def check_rising(name: str, places: Sequence[int], least: int) -> None:
    """ValueError unless every entry is larger than the one before it, and the first at least `least`."""
    if list(places) != sorted(set(places)) or not len(places) or places[0] < least:
        raise ValueError(f"{name} does not rise from {least} or more: {list(places)[:8]}")
