"""What is measured? A job is one piece of work that two sides do; a case says how much of it.

A job opens each side on its own (`sides`), so that time and memory can be measured in processes that hold nothing else. Its
first side is minirag as it is; the last is what that is compared with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

OURS, THEIRS = "minirag", "transformers"


class Disagreement(Exception):
    """The two sides do not compute the same: how long they take says nothing."""


@dataclass(frozen=True)
class Case:
    """How much work. Letters as in minirag/__init__.py."""

    size: str = "base"  # of the networks: see sizes.py
    questions: int = 2  # B
    passages: int = 5  # K
    beams: int = 4  # W
    tokens: int = 24  # T, written or learned from
    length: int = 200  # S of the longest source; the shortest has half of that
    rows: int = 0  # N: passages to encode, or to search
    device: str = "cpu"


@dataclass(frozen=True)
class Prepared:
    """One side, opened and ready.

    `run` is timed. `result` is what the sides must agree in, where that is not what `run` returns. `own`: bytes that are
    there whatever is computed: the weights, in training also gradients and moments.
    """

    run: Callable[[], Any]
    own: int = 0
    result: Callable[[], Any] | None = None

    def what_it_computes(self) -> Any:
        return self.run() if self.result is None else self.result()


@dataclass(frozen=True)
class Job:
    """`agree(ours, theirs)` raises Disagreement. `settings`: fields of Case that this job sets to a value of its own.

    A side is opened by a function of a module, or a `partial` of one: that is what another process can be told by name. What it
    computes, and must agree in, is made of tensors, lists and numbers: `torch.save` carries it to where it is compared.
    """

    title: str
    sides: Mapping[str, Callable[[Case], Prepared]]
    agree: Callable[[Any, Any], None]
    settings: Mapping[str, Any] | None = None
    dtypes: tuple[str, str] = (
        "float32",
        "float32",
    )  # of first and last side: each is compared with the peak of its own


def weight_bytes(*networks: nn.Module) -> int:
    return sum(tensor.nbytes for network in networks for tensor in [*network.parameters(), *network.buffers()])


def same_tokens(ours: list[list[int]], theirs: list[list[int]]) -> None:
    """Answers as lists of ids, without padding."""
    if ours != theirs:
        first = next((n for n, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
        shown = f"{len(ours)} and {len(theirs)} answers" if first is None else f"{ours[first]} is not {theirs[first]}"
        raise Disagreement(f"the tokens differ: {shown}")


def same_numbers(ours: Any, theirs: Any, tolerance: float = 1e-4) -> None:
    """Two tensors: max|ours − theirs| ≤ tolerance · max|theirs|."""
    apart = (ours - theirs).abs().max().item() / theirs.abs().max().item()
    if not apart <= tolerance:
        raise Disagreement(f"the numbers differ by {apart:.1e} of the largest")
