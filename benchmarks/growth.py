"""How does the cost grow? Answers a second of minirag when one number changes: passages, beams, tokens, questions.

Two equal numbers of a line say that this much more of it costs nothing; half as many, that cost is proportional.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.job import Case, Job
from benchmarks.side_by_side import in_turn, timed

# job → axis → its values; the other axes stay as in Case
AXES: Mapping[str, Mapping[str, Sequence[int]]] = {
    "rag_token_beams": {
        "passages": (1, 2, 5, 10, 20),
        "beams": (2, 4, 8, 16),
        "tokens": (8, 16, 32, 64),
        "questions": (1, 2, 4, 8),
    },
    "rag_sequence_thorough": {
        "passages": (1, 2, 5, 10),
        "beams": (2, 4, 8),
        "tokens": (8, 16, 32),
        "questions": (1, 2, 4),
    },
    "exact_search": {"rows": (1_000, 10_000, 100_000), "questions": (1, 8, 64)},
    "opening": {"rows": (1_000, 10_000, 100_000)},
}
LETTERS = {"passages": "K", "beams": "W", "tokens": "T", "questions": "B", "rows": "N", "length": "S"}


@dataclass(frozen=True)
class Line:
    """answers_per_second[i] at values[i] of an axis. `best` of the rounds counts: what disturbs only ever slows."""

    job: str
    case: Case
    axis: str
    values: list[int]
    answers_per_second: list[float]


def line(name: str, job: Job, case: Case, axis: str, values: Sequence[int], rounds: int = 3) -> Line:
    """The first side of a job, from value to value."""
    (open_side, *_) = job.sides.values()
    return Line(name, case, axis, list(values), [rate(open_side, replace(case, **{axis: v}), rounds) for v in values])


def rate(open_side: Callable, case: Case, rounds: int) -> float:
    run = open_side(case).run
    run()
    (seconds,) = in_turn([partial(timed, run)], rounds)
    return case.questions / min(seconds)
