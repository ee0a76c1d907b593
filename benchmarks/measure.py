"""What came out? One job, one case: do the sides agree, how long did each take in turn, how much arithmetic and memory was it.

Nothing is timed before the sides have agreed. Each is in a process of its own (worker.py), this one compares and multiplies.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from benchmarks.job import Case, Job
from benchmarks.memory import memory_above
from benchmarks.side_by_side import Ratio, in_turn, ratio, timed
from benchmarks.work import product_operations, products
from benchmarks.worker import worker


@dataclass(frozen=True)
class Side:
    """memory_above: bytes beyond libraries, weights and what training keeps; None where it was not measured.

    result: where what the side computes is one number, such as the recall of a search.
    """

    name: str
    seconds: list[float]  # of each round
    operations: int  # floating-point, of one run
    share_of_peak: float  # operations a second / the peak
    memory_above: int | None = None
    result: float | None = None

    @property
    def median(self) -> float:
        return median(self.seconds)


@dataclass(frozen=True)
class Measured:
    """ratio: how many times longer the last side took than the first; None where there is one side only."""

    job: str
    case: Case
    sides: list[Side]
    ratio: Ratio | None
    peaks: dict[str, float]  # number format → operations a second of a square matrix product


def measure(
    name: str, job: Job, case: Case, rounds: int, enough: float, with_memory: bool, least: float = 0.0
) -> Measured:
    """Disagreement: nothing is timed. ChildProcessError: a side failed. `rounds`, and seconds: see side_by_side.py."""
    first, seconds = agreed_and_timed(job, case, rounds, enough, least)
    peaks = {dtype: product_operations(case.device) / min(seconds[dtype]) for dtype in job.dtypes}
    sides = [
        Side(side, seconds[side], counted, counted / median(seconds[side]) / peaks[dtype], result=one_number(computed))
        for side, dtype, (computed, counted) in zip(job.sides, job.dtypes[: len(first)], first, strict=True)
    ]
    if with_memory:
        sides = [replace(side, memory_above=memory_above(name, side.name, case)) for side in sides]
    return Measured(name, case, sides, ratio(sides[0].seconds, sides[-1].seconds) if len(sides) > 1 else None, peaks)


def agreed_and_timed(
    job: Job, case: Case, rounds: int, enough: float, least: float
) -> tuple[list[tuple[Any, int]], dict[str, list[float]]]:
    """(what each side computed and its operations; side or number format → seconds of each round)."""
    with ExitStack() as until_timed:
        workers = [until_timed.enter_context(worker(side, make, case)) for side, make in job.sides.items()]
        first = [each.first_run() for each in workers]
        if len(first) > 1:
            job.agree(first[0][0], first[-1][0])
        multiply = {dtype: partial(fastest, products(case.device, dtype)) for dtype in job.dtypes}
        for warm_up in multiply.values():
            warm_up()
        runs = [each.timed_run for each in workers] + list(multiply.values())
        seconds = in_turn(runs, rounds, enough, least=least)
    return first, dict(zip([*job.sides, *multiply], seconds, strict=True))


def fastest(runs: Sequence[Callable[[], object]]) -> float:
    """Seconds."""
    return min(map(timed, runs))


def one_number(computed: Any) -> float | None:
    return computed if isinstance(computed, float) else None
