"""Which cases of a job are measured? Three selections: quick (a smoke test), the default, and everything the issue asks for.

The default is what its table asks for: BART-base sizes, 2 questions × 5 passages of 100 to 200 tokens, answers of 24.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from benchmarks.job import Case, Job


@dataclass(frozen=True)
class Selection:
    """A case for each size and each number of questions; `rows` is how many passages are encoded."""

    sizes: tuple[str, ...]
    questions: tuple[int, ...]
    rows: int
    tokens: int = 24
    rounds: int = 9
    enough: float = 30.0  # seconds of one case, both sides together; three rounds there are in any case
    least: float = 6.0  # before so many seconds there are further rounds
    with_memory: bool = True
    most_rows: int = 1_000_000  # of jobs that say themselves how many they search


QUICK = Selection(
    ("tiny",), (2,), rows=16, tokens=6, rounds=2, enough=1.0, least=0.0, with_memory=False, most_rows=2000
)
USUAL = Selection(("tiny", "base"), (2,), rows=96)
FULL = Selection(("tiny", "base", "large"), (1, 4, 16), rows=2000, enough=120.0)


def cases(job: Job, chosen: Selection, devices: Sequence[str]) -> list[Case]:
    """Each once, though a job may fix what others vary."""
    every = [
        Case(size, questions, tokens=chosen.tokens, rows=chosen.rows, device=device)
        for device in devices
        for size in chosen.sizes
        for questions in chosen.questions
    ]
    asked = [replace(case, **(job.settings or {})) for case in every]
    return list(dict.fromkeys(replace(case, rows=min(case.rows, chosen.most_rows)) for case in asked))


def devices() -> list[str]:
    """The CPU always, a GPU where there is one."""
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
