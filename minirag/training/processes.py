"""Who else trains this model? Usually nobody; under torchrun, several processes that add up their gradients.

Paper     DPR §3.2 (negatives of a whole batch)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/test_processes.py

Each process has the whole model and computes the loss of its share of the batch's rows. Shares of the loss, and of its
gradient, add up to those of the whole batch, so every process takes the step that one alone would have taken.
"""

import atexit
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn

Row = TypeVar("Row")


@dataclass(frozen=True)
class Processes:
    """This process is number `rank` of `count`. evenly: refuse batches of which not all get equally many rows."""

    rank: int = 0
    count: int = 1
    evenly: bool = False

    def share(self, rows: Sequence[Row]) -> list[Row]:
        """Rows rank, rank + count, … of a batch: together the processes have each row once."""
        if self.evenly and len(rows) % self.count:
            raise ValueError(
                f"a batch of {len(rows)} cannot be shared evenly by {self.count} processes (sharding needs it)"
            )
        return list(rows[self.rank :: self.count])

    def sum(self, x: float) -> float:
        """Σ over the processes, the same number on each."""
        if self.count == 1:
            return x
        total = torch.tensor(x, dtype=torch.float64, device=meeting_place())
        dist.all_reduce(total)
        return total.item()

    def first(self, x: float) -> float:
        """The number that the first process has."""
        return self.sum(x if self.rank == 0 else 0.0)

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every process gets the gradient of the whole batch. What nobody has a gradient of stays without one.

        Sharded parameters are passed over: theirs were added up in backward (sharding.py).
        """
        if self.count == 1:
            return
        own = [parameter for parameter in parameters if not is_sharded(parameter)]
        there = torch.tensor([parameter.grad is not None for parameter in own], device=meeting_place()).long()
        dist.all_reduce(there)
        for parameter in (parameter for parameter, number in zip(own, there.tolist(), strict=True) if number):
            parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            dist.all_reduce(parameter.grad)

    def gather(self, rows: Float[Tensor, "n D"]) -> Float[Tensor, "m D"]:
        """The rows of all processes in the order of their ranks, with the gradient to one's own.

        If all compute the same loss of the gathered rows, the gradients of their parameters add up to its gradient.
        """
        if self.count == 1:
            return rows
        counts = [torch.zeros(1, dtype=torch.long, device=rows.device) for _ in range(self.count)]
        dist.all_gather(counts, counts[0].new_tensor([len(rows)]))
        longest = max(int(number) for number in counts)
        padded = torch.cat([rows.detach(), rows.new_zeros(longest - len(rows), rows.shape[1])])
        received = [torch.empty_like(padded) for _ in range(self.count)]
        dist.all_gather(received, padded)
        parts = [part[: int(number)] for part, number in zip(received, counts, strict=True)]
        return torch.cat([*parts[: self.rank], rows, *parts[self.rank + 1 :]])


ALONE = Processes()


def processes_from_environment(device: torch.device) -> Processes:
    """What torchrun says in RANK, LOCAL_RANK and WORLD_SIZE; ALONE without it. They meet over gloo, on GPUs over nccl."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    atexit.register(leave)
    return Processes(dist.get_rank(), dist.get_world_size())


def leave() -> None:
    """Let gloo's threads let go of their last tensors: freed while Python ends, they abort the process (pytorch#179291)."""
    dist.destroy_process_group()
    time.sleep(0.2)


def meeting_place() -> torch.device:
    """Where numbers must be that the processes exchange."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


def is_sharded(tensor: Tensor) -> bool:
    """Is this one process's part of a tensor? (torch's DTensor; importing it takes a second.)"""
    return hasattr(tensor, "full_tensor")
