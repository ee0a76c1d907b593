"""How many times faster is one side than the other? Both in turn, A B A B: what slows the machine slows both.

Each side is in a process of its own (worker.py) and takes its own time. A round runs each once and gives one ratio. The median
of the ratios is reported with the lowest and the highest. Before each run there is a short rest: OpenMP's threads look for
more work for some milliseconds after theirs is done, on the processors of whoever comes next, in whichever process. hnswlib,
which has threads of its own, lost a sixth of its speed to those of faiss and torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median
from time import perf_counter, sleep

import torch

FEWEST_ROUNDS = 3
REST = 0.03  # seconds


@dataclass(frozen=True)
class Ratio:
    """How many times longer the other side took."""

    median: float
    low: float
    high: float


def in_turn(
    runs: Sequence[Callable[[], float]],
    rounds: int = 9,
    enough: float = 30.0,
    clock: Callable[[], float] = perf_counter,
    least: float = 0.0,
) -> list[list[float]]:
    """seconds[side][round]. After `enough` seconds no further round begins, but three there are (or `rounds`, if fewer).

    Before `least` seconds there are further rounds: nine of a hundredth of a second say little. A run answers its own
    seconds. The caller has run each side once: the first call allocates, and on a GPU compiles.
    """
    seconds: list[list[float]] = [[] for _ in runs]
    began = clock()
    for done in count():
        spent = clock() - began
        if (done >= rounds and spent >= least) or (done >= FEWEST_ROUNDS and spent > enough):
            break
        for run, times in zip(runs, seconds, strict=True):
            sleep(REST)
            times.append(run())
    return seconds


def timed(run: Callable[[], object], clock: Callable[[], float] = perf_counter) -> float:
    """A GPU works on when Python has gone on: it is waited for, before and behind."""
    wait_for_gpu()
    began = clock()
    run()
    wait_for_gpu()
    return clock() - began


def wait_for_gpu() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Of each round, then their median."""
    each = [other / own for own, other in zip(ours, theirs, strict=True)]
    return Ratio(median(each), min(each), max(each))
