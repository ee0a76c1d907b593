"""The weights that were best on dev come back at the end, with a folder or without."""

from dataclasses import replace
from itertools import islice

import pytest
import torch

from minirag.training.loop import Task, train
from minirag.training.run_folder import RunFolder, trained_weights
from tests.training.test_loop import SETTINGS, line_to_fit, same

WATCHED = replace(SETTINGS, measure_every=2, measure_first=True, watch="score")
SCORES = {0: 0.1, 2: 0.3, 4: 0.2, 6: 0.9, 8: 0.8, 10: 0.7, 12: 0.6}


def watched_line(scores: dict[int, float] = SCORES) -> tuple[torch.nn.Module, Task, list]:
    """A measure that says at step 6 that it never was better; and the weights at every measure."""
    model, task = line_to_fit()
    seen = []
    step = 0

    def objective(number: int) -> float:
        nonlocal step
        step = number + 1
        return task.objective(number)

    def measure() -> dict[str, float]:
        assert not model.training and not torch.is_grad_enabled()
        torch.rand(3)  # a measure may draw
        seen.append({name: weight.clone() for name, weight in model.state_dict().items()})
        return {"score": scores[step]}

    return model, Task(objective, measure), seen


def is_now(model: torch.nn.Module, weights: dict) -> bool:
    return all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())


@pytest.mark.parametrize("folder", [True, False])
def test_at_the_end_the_model_has_its_best_weights(tmp_path, folder):
    model, task, seen = watched_line()
    run = RunFolder(tmp_path) if folder else None
    steps = list(train(model, task, WATCHED, run))
    assert [progress.step for progress in steps] == list(range(13))
    assert {progress.step: progress.measured["score"] for progress in steps if progress.measured} == SCORES
    assert is_now(model, seen[3]) and not is_now(model, seen[-1])
    if run is not None:
        assert [path.name for path in run.folder.glob("best-*")] == ["best-6.safetensors"]
        assert all(torch.equal(weight, seen[3][name]) for name, weight in trained_weights(run).items())


@pytest.mark.parametrize("folder", [True, False])
def test_a_run_stops_when_nothing_has_become_better_for_long(tmp_path, folder):
    model, task, seen = watched_line()
    run = RunFolder(tmp_path) if folder else None
    steps = list(train(model, task, replace(WATCHED, patience=2), run))
    assert steps[-1].step == 10 and is_now(model, seen[3])
    if run is not None:
        again, task, _ = watched_line()
        assert list(train(again, task, replace(WATCHED, patience=2), run)) == [] and same(again, model)


@pytest.mark.parametrize("stopped_after", [3, 6, 8, 10])
def test_a_run_that_was_stopped_remembers_which_weights_were_best(tmp_path, stopped_after):
    whole, task, _ = watched_line()
    list(train(whole, task, replace(WATCHED, patience=3)))
    stopped, task, _ = watched_line()
    list(islice(train(stopped, task, replace(WATCHED, patience=3), RunFolder(tmp_path)), stopped_after))
    resumed, task, _ = watched_line()
    steps = list(train(resumed, task, replace(WATCHED, patience=3), RunFolder(tmp_path)))
    assert steps[-1].step == 12 and same(resumed, whole)


def test_training_that_makes_it_worse_ends_where_it_began():
    model, task, seen = watched_line({step: -float(step) for step in SCORES})
    list(train(model, task, WATCHED))
    assert is_now(model, seen[0])
