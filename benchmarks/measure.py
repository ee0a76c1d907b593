"""What came out? One job, one case: do the sides agree, how long did each take in turn, how much arithmetic and memory was it.

Nothing is timed before the sides have agreed.
"""

import gc
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from benchmarks.job import Case, Job, Prepared
from benchmarks.memory import memory_above
from benchmarks.side_by_side import Ratio, in_turn, ratio
from benchmarks.work import operations, product, product_operations


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


def measure(name: str, job: Job, case: Case, rounds: int, enough: float, with_memory: bool) -> Measured:
    """Disagreement: nothing is measured. `rounds` and `enough` (seconds): see side_by_side.py."""
    opened = [make(case) for make in job.sides.values()]
    first = [first_run(prepared) for prepared in opened]
    if len(first) > 1:
        job.agree(first[0][0], first[-1][0])
    products = {dtype: product(case.device, dtype) for dtype in job.dtypes}
    for warm_up in products.values():
        warm_up()
    seconds = in_turn([prepared.run for prepared in opened] + list(products.values()), rounds, enough)
    del opened
    gc.collect()  # room for the processes in which memory is measured
    times = dict(zip([*job.sides, *products], seconds, strict=True))
    peaks = {dtype: product_operations(case.device) / min(times[dtype]) for dtype in products}
    sides = [
        Side(side, times[side], counted, counted / median(times[side]) / peaks[dtype], result=one_number(computed))
        for side, dtype, (computed, counted) in zip(job.sides, job.dtypes[: len(first)], first, strict=True)
    ]
    if with_memory:
        sides = [replace(side, memory_above=memory_above(name, side.name, case)) for side in sides]
    return Measured(name, case, sides, ratio(seconds[0], sides[-1].seconds) if len(sides) > 1 else None, peaks)


def first_run(prepared: Prepared) -> tuple[Any, int]:
    """(what must agree, operations of one run). It warms up, too."""
    if prepared.result is not None:
        return prepared.result(), operations(prepared.run)
    values: list[Any] = []
    counted = operations(lambda: values.append(prepared.run()))
    return values[0], counted


def one_number(computed: Any) -> float | None:
    return computed if isinstance(computed, float) else None
