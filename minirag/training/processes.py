"""Who else trains this model? Usually nobody; under torchrun, several processes that add up their gradients.

Paper     DPR §3.2 (negatives of a whole batch)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/test_loop.py
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor, nn

Row = TypeVar("Row")


@dataclass(frozen=True)
class Processes:
    """This process is number `rank` of `count`."""

    rank: int = 0
    count: int = 1

    def share(self, rows: Sequence[Row]) -> list[Row]:
        """Rows rank, rank + count, … of a batch: together the processes have each row once."""
        return list(rows[self.rank :: self.count])

    def sum(self, x: float) -> float:
        return x

    def first(self, x: float) -> float:
        """The number that the first process has."""
        return self.sum(x if self.rank == 0 else 0.0)

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every process gets the gradient of the whole batch."""

    def gather(self, rows: Float[Tensor, "n D"]) -> Float[Tensor, "m D"]:
        """The rows of all processes in the order of their ranks, with the gradient to one's own."""
        return rows


ALONE = Processes()
