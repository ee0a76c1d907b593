"""Is each side in a process of its own, does what it computes cross whole, and is it noticed when it fails or dies?"""

import multiprocessing
import os
from dataclasses import replace
from functools import partial

import pytest
import torch

from benchmarks.job import Case, Disagreement, same_numbers
from benchmarks.jobs import JOBS
from benchmarks.measure import measure
from benchmarks.sizes import SEEDS, make_parts, place
from benchmarks.work import SIDE
from benchmarks.worker import as_bytes, from_bytes, worker
from tests.benchmarks.small_sides import dying, failing, job, runs_of, vectors, writing_down

NOTHING = Case("none")  # these sides open no network


@pytest.fixture(autouse=True)
def no_process_is_left(monkeypatch):
    monkeypatch.setitem(SIDE, "cpu", 64)
    yield
    assert multiprocessing.active_children() == []


def measured(job, case=NOTHING, rounds=3):
    return measure("", job, case, rounds, enough=1e9, with_memory=False)


def test_the_sides_run_in_turn_each_in_one_process_of_its_own(tmp_path):
    """Once to be compared, then A B A B."""
    log = tmp_path / "runs"
    found = measured(job(log, [[2, 5]], [[2, 5]]))
    runs = runs_of(log)
    assert [name for name, _ in runs] == ["A", "B"] * (1 + 3)
    processes = dict(runs)
    assert set(runs) == set(processes.items())  # each name always in the same one
    assert len({*processes.values(), str(os.getpid())}) == 3
    assert [len(side.seconds) for side in found.sides] == [3, 3]
    assert found.ratio.low <= found.ratio.median <= found.ratio.high


def test_sides_that_disagree_are_not_timed(tmp_path):
    log = tmp_path / "runs"
    with pytest.raises(Disagreement, match=r"\[2, 5\] is not \[2, 6\]"):
        measured(job(log, [[2, 5]], [[2, 6]]))
    assert [name for name, _ in runs_of(log)] == ["A", "B"]


def test_a_process_that_dies_while_it_is_timed_is_named(tmp_path):
    small = job(tmp_path / "runs", [[2]], [[2]])
    small = replace(small, sides={**small.sides, "transformers": partial(dying, 3)})
    with pytest.raises(ChildProcessError, match="transformers: its process died, exit code -9"):
        measured(small)


def test_an_error_of_a_side_is_told_with_its_lines():
    told = r"(?s)minirag failed in its process:.*in failing.*ValueError: there are no weights"
    with worker("minirag", failing, NOTHING) as side, pytest.raises(ChildProcessError, match=told):
        side.first_run()


def test_a_worker_whose_parent_is_gone_stops(tmp_path):
    with worker("minirag", partial(writing_down, tmp_path / "runs", "A", 0.5), NOTHING) as side:
        assert side.first_run() == (0.5, 0)
        side.pipe.close()
        side.process.join(timeout=60)
        assert side.process.exitcode == 0


def test_vectors_and_their_operations_cross_whole():
    with worker("minirag", vectors, NOTHING) as side:
        computed, counted = side.first_run()
        assert side.timed_run() > 0
    assert counted == 2 * 100 * 768 * 768
    same_numbers(computed, vectors(NOTHING).run())  # not bit by bit: another process may have another number of threads


@pytest.mark.parametrize("computed", [[[2, 5], [2]], 0.99, "Ulaanbaatar", 7, None], ids=str)
def test_what_a_side_computes_is_the_same_behind_the_pipe(computed):
    assert from_bytes(as_bytes(computed)) == computed


def test_a_tensor_is_the_same_behind_the_pipe():
    for tensor in (torch.randn(100, 768), torch.arange(5)):
        assert torch.equal(from_bytes(as_bytes(tensor)), tensor)


def test_a_job_of_the_list_is_measured_in_two_processes_after_a_third_has_made_the_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # the same for those processes
    make_parts("toy")
    assert all(place("toy", part).exists() for part in SEEDS)
    found = measured(JOBS["dpr_encoding"], Case("toy", length=8, rows=100), rounds=1)
    assert [side.name for side in found.sides] == ["minirag", "transformers"]
    assert min(side.operations for side in found.sides) > 0
