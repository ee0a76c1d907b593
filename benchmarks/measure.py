"""What came out? One job, one case: do the sides agree, how long did each take in turn, how much arithmetic and memory was it.

Nothing is timed before the sides have agreed.
"""

import gc
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.job import Case, Job, Prepared
from benchmarks.memory import memory_above
from benchmarks.side_by_side import Ratio, in_turn, ratio
from benchmarks.work import operations, product, product_operations


@dataclass(frozen=True)
class Side:
    """memory_above: bytes beyond libraries, weights and what training keeps; None where it was not measured."""

    name: str
    seconds: list[float]  # of each round
    operations: int  # floating-point, of one run
    share_of_peak: float  # operations a second / those of a square matrix product in the same rounds
    memory_above: int | None = None

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
    peak: float  # operations a second of a square matrix product, in the number format of the first side


def measure(name: str, job: Job, case: Case, rounds: int, enough: float, with_memory: bool) -> Measured:
    """Disagreement: nothing is measured. `rounds` and `enough` (seconds): see side_by_side.py."""
    sides = {side: make(case) for side, make in job.sides.items()}
    first = [first_run(prepared) for prepared in sides.values()]
    if len(first) > 1:
        job.agree(first[0][0], first[-1][0])
    peak_run = product(case.device, job.dtype)
    peak_run()
    *seconds, of_product = in_turn([*(prepared.run for prepared in sides.values()), peak_run], rounds, enough)
    del sides
    gc.collect()
    peak = product_operations(case.device) / median(of_product)
    measured = [
        Side(
            side,
            times,
            counted,
            counted / median(times) / peak,
            memory_above(name, side, case) if with_memory else None,
        )
        for side, times, (_, counted) in zip(job.sides, seconds, first, strict=True)
    ]
    return Measured(name, case, measured, ratio(seconds[0], seconds[-1]) if len(seconds) > 1 else None, peak)


def first_run(prepared: Prepared) -> tuple[Any, int]:
    """(what must agree, operations of one run). It warms up, too."""
    if prepared.result is not None:
        return prepared.result(), operations(prepared.run)
    values: list[Any] = []
    counted = operations(lambda: values.append(prepared.run()))
    return values[0], counted


def answers_per_second(measured: Measured) -> float:
    """Of the first side."""
    return measured.case.questions / measured.sides[0].median
