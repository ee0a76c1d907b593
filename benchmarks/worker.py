"""Where does a side run? In a process of its own, as long as its case is measured: neither is faster or slower for the other.

In one process the sides depend on each other. glibc's malloc asks the system for large pieces one by one until one has been
freed, and keeps them from then on: transformers' RAG-Token at BART-base took 5.0 seconds beside minirag, which had freed such
pieces, and 7.4 alone, with a million page faults more. And the threads of one library wait busily while the other computes.

The two talk through a pipe. Told to go on, a worker does what is next: first it opens its side, runs it once and answers what
has to agree and how many operations it took; each further time it runs its side, and answers the seconds. Where the pipe has
no other end the worker stops: it outlives its parent by one run at most.
"""

import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

import torch

from benchmarks.job import Case, Prepared
from benchmarks.side_by_side import timed
from benchmarks.work import operations

SPAWN = multiprocessing.get_context("spawn")  # a fork would begin with all that the parent has allocated
GO_ON = "go on"


@dataclass(frozen=True)
class Worker:
    """As the parent sees it. ChildProcessError: the side failed, or its process died."""

    side: str
    process: SpawnProcess
    pipe: Connection

    def first_run(self) -> tuple[Any, int]:
        """(what must agree, operations of one run)."""
        computed, counted = self.next_answer()
        return from_bytes(computed), counted

    def timed_run(self) -> float:
        """Seconds, by the clock of the worker."""
        return self.next_answer()

    def next_answer(self) -> Any:
        try:
            self.pipe.send(GO_ON)
            answer, failure = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            raise ChildProcessError(f"{self.side}: its process died, exit code {self.process.exitcode}") from None
        if failure is not None:
            raise ChildProcessError(f"{self.side} failed in its process:\n{failure}")
        return answer


@contextmanager
def worker(side: str, open_side: Callable[[Case], Prepared], case: Case) -> Iterator[Worker]:
    """`open_side` crosses by name: it is a function of a module, or a `partial` of one."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=work, args=(there, open_side, case), name=side, daemon=True)
    process.start()
    there.close()  # the worker alone holds its end: when it dies the pipe is closed, which the parent notices
    try:
        yield Worker(side, process, here)
    finally:
        here.close()
        process.terminate()  # where something failed it may be in a run that nobody waits for
        process.join()


def work(parent: Connection, open_side: Callable[[Case], Prepared], case: Case) -> None:
    """All that a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent as well, which ends its workers
    answers = opened_and_run(open_side, case)
    with suppress(EOFError, ConnectionError):  # the parent has closed its end, or is no more
        while parent.recv() == GO_ON:
            parent.send(answer_or_failure(answers))


def opened_and_run(open_side: Callable[[Case], Prepared], case: Case) -> Iterator[Any]:
    prepared = open_side(case)
    yield first_run(prepared)
    while True:
        yield timed(prepared.run)


def first_run(prepared: Prepared) -> tuple[bytes, int]:
    """(what must agree, operations of one run). It warms up, too."""
    if prepared.result is not None:
        return as_bytes(prepared.result()), operations(prepared.run)
    values: list[Any] = []
    counted = operations(lambda: values.append(prepared.run()))
    return as_bytes(values[0]), counted


def answer_or_failure(answers: Iterator[Any]) -> tuple[Any, str | None]:
    """One of them is None. An error crosses as its text: what it holds may exist in this process only."""
    try:
        return next(answers), None
    except Exception:
        return None, traceback.format_exc()


def as_bytes(computed: Any) -> bytes:
    """A tensor, too: sent as it is, it would be shared memory that goes with its process."""
    kept = BytesIO()
    torch.save(computed, kept)
    return kept.getvalue()


def from_bytes(kept: bytes) -> Any:
    """On the CPU: what was computed on a GPU is compared here."""
    return torch.load(BytesIO(kept), map_location="cpu", weights_only=True)
