"""What somebody sees who trains: what it will take, how it goes, and how to go on."""

import math
from dataclasses import replace

import pytest
import torch

from minirag.cli.console import duration
from minirag.cli.training_run import run_training, show, written
from minirag.training.learning_rates import adamw
from minirag.training.loop import Task
from minirag.training.machine import machine
from minirag.training.processes import Processes
from minirag.training.rehearsal import Plan
from minirag.training.run_folder import Position, RunFolder, save_run
from tests.training.test_loop import SETTINGS, line_to_fit


def test_the_plan_is_one_line():
    assert written(Plan(12_000, 3.0, 60, 7860.0, 1_900_000_000)) == (
        "12,000 steps = 3.0 epochs, about 2 h 11 min and 60 measures, about 1.9 GB of memory"
    )
    assert written(Plan(5, None, 0, 2.5, None)) == "5 steps, about 3 s"


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (99, "99 s"), (110, "2 min"), (7199, "120 min")])
def test_a_time_is_told_as_people_tell_it(seconds, words):
    assert duration(float(seconds)) == words


def test_a_run_tells_what_it_will_take_and_how_it_goes(tmp_path, capsys):
    model, task = line_to_fit()
    run_training(model, replace(task, measure=lambda: {"f1": 0.25}), SETTINGS, RunFolder(tmp_path), 4, every=5)
    plan, where, *lines = capsys.readouterr().out.splitlines()
    assert plan.startswith("12 steps = 3.0 epochs, about 1 s and 1 measures, about ")
    assert where == f"on {machine(torch.device('cpu'))}"
    assert [line.split(":")[0] for line in lines] == ["step 5/12", "step 10/12", "step 12/12"]
    assert "f1 0.250" in lines[2] and "f1" not in lines[0]
    run_training(model, replace(task, measure=lambda: {"f1": 0.25}), SETTINGS, RunFolder(tmp_path), 4, every=5)
    told = capsys.readouterr().out
    assert told.startswith(f"{tmp_path}: ended after step 12 of 12: ") and told.endswith(f" s {where}\n")


def test_who_stops_a_run_is_told_how_to_go_on(tmp_path, capsys):
    model, task = line_to_fit()

    def stopped_at_7(step: int) -> float:
        if step == 7:
            raise KeyboardInterrupt
        return task.objective(step)

    with pytest.raises(KeyboardInterrupt):
        run_training(model, Task(stopped_at_7), SETTINGS, RunFolder(tmp_path), every=100)
    assert capsys.readouterr().err == "stopped; the same command goes on after step 4\n"
    run_training(model, task, SETTINGS, RunFolder(tmp_path), every=100)
    first, plan, *_ = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path}: goes on after step 4 of 12" and plan.startswith("8 steps, about 1 s")


def test_one_of_several_that_is_stopped_says_it_too(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Processes, "sum", lambda self, x: x)  # there is no second one to wait for
    model, _ = line_to_fit()
    two = Processes(0, 2)

    def interrupted():
        yield from ()
        raise KeyboardInterrupt

    save_run(RunFolder(tmp_path), model, adamw(model, SETTINGS), SETTINGS, Position(step=3), {}, two)
    with pytest.raises(KeyboardInterrupt):
        show(interrupted(), SETTINGS, RunFolder(tmp_path), 1, "step", two)
    assert capsys.readouterr().err == "stopped; the same command goes on after step 3\n"


def test_other_settings_are_refused_before_anything_is_computed(tmp_path):
    model, task = line_to_fit()
    run_training(model, task, SETTINGS, RunFolder(tmp_path))
    with pytest.raises(ValueError, match="was begun with warmup_steps 3, not 4"):
        run_training(model, Task(lambda step: math.nan), replace(SETTINGS, warmup_steps=4), RunFolder(tmp_path))


def test_of_several_processes_the_first_one_talks(tmp_path, capsys):
    model, task = line_to_fit()
    run_training(model, task, SETTINGS, RunFolder(tmp_path), processes=Processes(rank=1))  # alone, but not the first
    assert capsys.readouterr().out == ""
