"""Which examples make up the batch of step t? Nothing but seed and t decides, so that a run goes on at any step.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_order.py

Every epoch is a fresh shuffle in which each example comes once; its last batch may be shorter, and is left out where it
cannot be `shared_by` so many processes evenly (training/sharding.py). With `lengths`, examples of
like length share a batch (less padding): 50 batches' worth of the shuffle at a time is sorted by length and cut into
batches, and the batches of the epoch are shuffled again. With `together`, neighbours in the file stay neighbours: runs of so
many are shuffled instead of single examples. Questions about one article follow each other in most files, and the passages of
one article are each other's hardest negatives (training/dpr/batches.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

POOL = 50  # batches that are sorted together


@dataclass(frozen=True)
class Order:
    """`lengths`: one number per example, in any unit. ValueError: no examples, no batch, lengths of another number, no run."""

    count: int
    batch_size: int
    seed: int = 0
    lengths: Sequence[int] | None = None
    together: int = 1
    shared_by: int = 1
    kept: dict[int, list[list[int]]] = field(
        default_factory=dict, repr=False, compare=False
    )  # the last epoch asked for

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count={self.count}: there is no example to train on")
        if self.batch_size < 1:
            raise ValueError(f"batch_size={self.batch_size} must be at least 1")
        if self.batch_size % self.shared_by or self.steps_per_epoch == 0:
            examples = f"{self.count} examples in batches of {self.batch_size}"
            raise ValueError(f"{examples} cannot be shared evenly by {self.shared_by} processes")
        if self.together < 1:
            raise ValueError(f"together={self.together} must be at least 1")
        if self.lengths is not None and len(self.lengths) != self.count:
            raise ValueError(f"{len(self.lengths)} lengths for {self.count} examples")

    @property
    def steps_per_epoch(self) -> int:
        """⌈count / batch_size⌉; ⌊…⌋ where the last batch is left out."""
        last = self.count % self.batch_size
        return self.count // self.batch_size + (last > 0 and last % self.shared_by == 0)

    def epoch(self, step: int) -> int:
        """From 0."""
        return step // self.steps_per_epoch

    def batch(self, step: int) -> list[int]:
        """The examples of step `step` (from 0), as indices."""
        if step < 0:
            raise ValueError(f"step={step} must be at least 0")
        epoch = self.epoch(step)
        if epoch not in self.kept:
            batches = self.batches(epoch)
            self.kept.clear()
            self.kept[epoch] = batches
        return list(self.kept[epoch][step % self.steps_per_epoch])

    def batches(self, epoch: int) -> list[list[int]]:
        """Those of one epoch that can be shared evenly."""
        return [batch for batch in self.all_batches(epoch) if len(batch) % self.shared_by == 0]

    def all_batches(self, epoch: int) -> list[list[int]]:
        chance = Random(f"{self.seed} {epoch}")
        order = self.shuffled(chance)
        if self.lengths is None:
            return parts(order, self.batch_size)
        pools = parts(order, POOL * self.batch_size)
        batches = [
            batch for pool in pools for batch in parts(sorted(pool, key=self.lengths.__getitem__), self.batch_size)
        ]
        chance.shuffle(batches)
        return batches

    def shuffled(self, chance: Random) -> list[int]:
        """All examples, run by run; where the first run ends is drawn too, so that no two are apart in every epoch."""
        first = chance.randrange(self.together)
        order = list(range(self.count))
        runs = [order[:first], *parts(order[first:], self.together)]
        chance.shuffle(runs)
        return [example for run in runs for example in run]


def parts(items: list[int], size: int) -> list[list[int]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
