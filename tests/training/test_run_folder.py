"""The folder of a run: metrics without gaps or doubles, the best weights, nothing left over."""

import json

import pytest
import torch
from torch import nn

from minirag.training.checkpoints import random_states, weights_of, write_checkpoint
from minirag.training.early_stopping import Best
from minirag.training.learning_rates import adamw
from minirag.training.run_folder import Position, RunFolder, alone_in, resume, save_run, trained_weights
from minirag.training.settings import LoopSettings

SETTINGS = LoopSettings(10)


def add_line(run: RunFolder, row: dict) -> None:
    run.folder.mkdir(exist_ok=True)
    with run.metrics.open("a") as file:
        file.write(json.dumps(row) + "\n")


def saved(run: RunFolder, at: Position) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Linear(2, 2)
    save_run(run, model, adamw(model, SETTINGS), SETTINGS, at, random_states())
    return model


def test_lines_after_the_checkpoint_are_cut_when_a_run_goes_on(tmp_path):
    run, model = RunFolder(tmp_path / "run"), nn.Linear(2, 2)
    add_line(run, {"step": 1})
    saved(run, Position(step=1, seconds=2.0))
    add_line(run, {"step": 2})
    with run.metrics.open("a") as file:
        file.write('{"step": 3, "lo')  # killed while it wrote
    assert resume(run, model, adamw(model, SETTINGS), SETTINGS) == Position(1, 2.0, metrics_bytes=12)
    assert [json.loads(line) for line in run.metrics.read_text().splitlines()] == [{"step": 1}]


def test_what_was_measured_before_the_first_checkpoint_is_measured_again(tmp_path):
    run, model = RunFolder(tmp_path / "run"), nn.Linear(2, 2)
    add_line(run, {"step": 1})
    assert resume(run, model, adamw(model, SETTINGS), SETTINGS) == Position()
    assert run.metrics.read_text() == ""


def test_metrics_that_somebody_shortened_are_named(tmp_path):
    run, model = RunFolder(tmp_path / "run"), nn.Linear(2, 2)
    add_line(run, {"step": 1})
    saved(run, Position(step=1))
    run.metrics.unlink()
    with pytest.raises(ValueError, match=r"metrics\.jsonl: \d+ bytes are missing"):
        resume(run, model, adamw(model, SETTINGS), SETTINGS)


def test_of_two_processes_in_one_folder_the_second_is_refused(tmp_path):
    pytest.importorskip("fcntl")
    run, refused = RunFolder(tmp_path / "run"), pytest.raises(ValueError, match="run: another process trains here")
    with alone_in(run), refused, alone_in(run):
        pass
    with alone_in(run):  # the first one is done
        pass


def test_best_weights_stay_until_a_checkpoint_knows_of_better_ones(tmp_path):
    run, other = RunFolder(tmp_path / "run"), nn.Linear(2, 2)
    write_checkpoint(run.best(3), weights_of(other), {"step": 3})
    write_checkpoint(run.best(7), weights_of(other), {"step": 7})
    model = saved(run, Position(step=5, best=Best(3, 0.5, 1)))
    assert [path.name for path in run.folder.glob("best-*")] == ["best-3.safetensors"]
    assert torch.equal(trained_weights(run)["weight"], other.weight)
    saved(run, Position(step=6))
    assert torch.equal(trained_weights(run)["weight"], model.weight)
