"""The training loop: stopped and resumed it ends with the same weights, and a loss that is no number stops it."""

import json
import math
from itertools import islice

import pytest
import torch
from torch import nn

from minirag.training.accumulation import accumulate, in_one_part
from minirag.training.loop import Task, train
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings

SETTINGS = LoopSettings(steps=12, learning_rate=0.05, warmup_steps=3, bf16=False, checkpoint_every=4)


def line_to_fit(spoiled_at: int = -1) -> tuple[nn.Module, Task]:
    """y = x₁ + x₂ + x₃, learned through dropout: every step draws."""
    torch.manual_seed(7)
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.2), nn.Linear(8, 1))

    def loss_at(step: int) -> torch.Tensor:
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        loss = (model(x) - x.sum(dim=1, keepdim=True)).square().mean()
        return loss * (math.nan if step == spoiled_at else 1.0)

    def describe(step: int) -> list[dict]:
        return [{"seed": step}]

    return model, Task(in_one_part(loss_at, torch.device("cpu"), bf16=False), describe=describe)


def lines(run: RunFolder) -> list[dict]:
    rows = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def same(model: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(ours, theirs) for ours, theirs in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("stopped_after", [1, 4, 6, 11])
def test_a_run_that_was_stopped_and_resumed_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, stopped_after):
    whole, task = line_to_fit()
    list(train(whole, task, SETTINGS, RunFolder(tmp_path / "whole")))
    run = RunFolder(tmp_path / "run")
    stopped, task = line_to_fit()
    list(islice(train(stopped, task, SETTINGS, run), stopped_after))
    resumed, task = line_to_fit()
    steps = [progress.step for progress in train(resumed, task, SETTINGS, run)]
    assert steps == list(range(stopped_after // 4 * 4 + 1, 13))
    assert same(resumed, whole)
    assert lines(run) == lines(RunFolder(tmp_path / "whole"))
    assert list(train(resumed, task, SETTINGS, run)) == [] and same(resumed, whole)


def test_who_reads_the_metrics_may_draw_as_they_like():
    (first, task), (second, other) = line_to_fit(), line_to_fit()
    list(train(first, task, SETTINGS))
    for _ in train(second, other, SETTINGS):
        torch.rand(3)
    assert same(first, second)


def test_the_loss_falls():
    model, task = line_to_fit()
    losses = [progress.loss for progress in train(model, task, LoopSettings(300, 0.05, bf16=False))]
    assert sum(losses[-20:]) < 0.3 * sum(losses[:20])


@pytest.mark.parametrize("folder", [True, False])
def test_a_loss_that_is_not_finite_stops_before_it_touches_the_weights(tmp_path, folder):
    run = RunFolder(tmp_path / "run") if folder else None
    model, task = line_to_fit(spoiled_at=2)
    before, _ = line_to_fit()
    with pytest.raises(ValueError, match="step 3: the loss is nan") as stopped:
        for _ in train(model, task, SETTINGS, run):
            before.load_state_dict(model.state_dict())
    assert same(model, before)
    if folder:
        assert str(run.folder / "non_finite_batch.json") in str(stopped.value)
        saved = json.loads((run.folder / "non_finite_batch.json").read_text())
        assert saved == {"step": 3, "loss": "nan", "batch": [{"seed": 2}]}


def test_a_gradient_that_is_not_finite_stops_as_well():
    """√x at 0: its value is 0, its slope is infinite."""
    model = nn.Linear(1, 1, bias=False)
    before = model.weight.detach().clone()
    loss_at = in_one_part(lambda step: (model.weight * 0).sqrt().sum(), torch.device("cpu"), bf16=False)
    with pytest.raises(ValueError, match="step 1: the gradient's norm is nan"):
        list(train(model, Task(loss_at), SETTINGS))
    assert torch.equal(model.weight, before)


@pytest.mark.parametrize("size", [1, 3, 8])
def test_batches_in_parts_give_the_weights_of_whole_batches(size):
    def trained(rows_at_once: int) -> nn.Module:
        model, _ = line_to_fit()
        model[1].p = 0.0

        def objective(step: int) -> float:
            x = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
            parts = [lambda x=x: (model(x) - x.sum(1, keepdim=True)).square().sum() / 8 for x in x.split(rows_at_once)]
            return accumulate(parts, torch.device("cpu"), bf16=False)

        list(train(model, Task(objective), SETTINGS))
        return model

    for ours, whole in zip(trained(size).parameters(), trained(8).parameters(), strict=True):
        assert torch.allclose(ours, whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("changed", [{"learning_rate": 0.1}, {"steps": 13}, {"seed": 1}])
def test_a_run_does_not_go_on_with_other_settings(tmp_path, changed):
    model, task = line_to_fit()
    list(islice(train(model, task, SETTINGS, RunFolder(tmp_path)), 5))
    ((name, value),) = changed.items()
    with pytest.raises(ValueError, match=rf"checkpoint.safetensors: was begun with {name} .*, not {value};"):
        next(train(model, task, LoopSettings(**{**SETTINGS.__dict__, **changed}), RunFolder(tmp_path)))


def test_a_run_does_not_go_on_with_other_options(tmp_path):
    model, task = line_to_fit()
    list(islice(train(model, task, SETTINGS, RunFolder(tmp_path, {"batch_size": 8})), 5))
    with pytest.raises(ValueError, match="was begun with batch_size 8, not 16"):
        next(train(model, task, SETTINGS, RunFolder(tmp_path, {"batch_size": 16})))
