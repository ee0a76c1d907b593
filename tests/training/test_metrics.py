"""What a run writes down while it goes, and TensorBoard where it is installed."""

import json
import math
import sys
from types import SimpleNamespace

import pytest

from minirag.training.metrics import Progress, metrics_log
from minirag.training.processes import ALONE, Processes
from minirag.training.run_folder import RunFolder

STEP = Progress(3, 0.5, 1e-3, 2.0, 1.5, {"f1": 0.25})


@pytest.fixture
def no_tensorboard(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)


def test_a_step_is_one_line_with_what_was_measured(tmp_path, no_tensorboard):
    run = RunFolder(tmp_path / "run")
    assert metrics_log(run, 2, ALONE)(STEP) is STEP
    row = {"step": 3, "loss": 0.5, "learning_rate": 1e-3, "gradient_norm": 2.0, "seconds": 1.5, "f1": 0.25}
    assert json.loads(run.metrics.read_text()) == row
    assert [path.name for path in run.folder.iterdir()] == ["metrics.jsonl"]


def test_what_is_no_number_is_left_out(tmp_path, no_tensorboard):
    run = RunFolder(tmp_path)
    metrics_log(run, 0, ALONE)(Progress(0, math.nan, math.nan, math.nan, 1.0, {"f1": 0.0, "nll": math.inf}))
    assert json.loads(run.metrics.read_text()) == {"step": 0, "seconds": 1.0, "f1": 0.0}


def test_only_the_first_process_writes(tmp_path):
    assert metrics_log(RunFolder(tmp_path / "run"), 0, Processes(1, 2))(STEP) is STEP
    assert metrics_log(None, 0, ALONE)(STEP) is STEP
    assert not (tmp_path / "run").exists()


def test_tensorboard_gets_the_same_where_it_is_installed(tmp_path, monkeypatch):
    scalars = []

    class SummaryWriter:
        def __init__(self, folder, purge_step):
            scalars.append((folder, purge_step))

        def add_scalar(self, name, value, step):
            scalars.append((name, value, step))

        def flush(self):
            scalars.append("on disk")

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=SummaryWriter))
    metrics_log(RunFolder(tmp_path), 2, ALONE)(STEP)
    assert scalars[0] == (str(tmp_path / "tensorboard"), 3)  # what an earlier process told of step 3 on counts no more
    told = [("loss", 0.5, 3), ("learning_rate", 1e-3, 3), ("gradient_norm", 2.0, 3), ("f1", 0.25, 3)]
    assert scalars[1:] == [*told, "on disk"]
