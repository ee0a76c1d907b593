"""Sides of a few lines for tests of what is done with sides. Worker processes import this file, so it imports little."""

import os
import signal
from functools import partial

import torch

from benchmarks.job import Job, Prepared, same_tokens


def writing_down(log, name, computed, case):
    """Each run adds a line to a file: who ran, in which process."""

    def run():
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{name} {os.getpid()}\n")
        return computed

    return Prepared(run)


def runs_of(log):
    """[(name, process)], in order."""
    return [tuple(line.split()) for line in log.read_text("utf-8").splitlines()]


def dying(at, case):
    """The process is killed in the run of this number, as one is that took all memory."""
    left = [at]

    def run():
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return [[2]]

    return Prepared(run)


def failing(case):
    raise ValueError("there are no weights")


def vectors(case):
    """One product, from 100 rows of 768 numbers to as many."""
    random = torch.Generator().manual_seed(0)
    left, right = torch.randn(100, 768, generator=random), torch.randn(768, 768, generator=random)
    return Prepared(lambda: left @ right)


def job(log, ours, theirs):
    """Two sides that write down their runs and compute these tokens."""
    sides = {"minirag": partial(writing_down, log, "A", ours), "transformers": partial(writing_down, log, "B", theirs)}
    return Job("", sides, same_tokens)
