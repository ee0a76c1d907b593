"""Killed at random moments (SIGKILL), also while it wrote a checkpoint, a run ends as if nothing had happened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from minirag.training.run_folder import RunFolder, trained_weights

PROGRAMME = Path(__file__).with_name("killed_run.py")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="nothing can be forked")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of both runs, and how often one of them was killed."""
    folder = tmp_path_factory.mktemp("runs")
    root = str(PROGRAMME.parents[2])
    command = [sys.executable, str(PROGRAMME), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}, timeout=300)
    assert done.returncode == 0, done.stderr
    kills, halves = map(int, done.stdout.split())
    assert kills >= 6 and halves >= 2  # else this says little
    return folder


def test_the_weights_are_the_same_bit_for_bit(runs):
    whole, killed = (load_file(runs / name / "final.safetensors") for name in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    assert all(torch.equal(weight, killed[name]) for name, weight in whole.items())
    first, second = (trained_weights(RunFolder(runs / name)) for name in ("whole", "killed"))
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())


def test_no_step_is_missing_or_told_twice(runs):
    texts = [(runs / name / "metrics.jsonl").read_text() for name in ("whole", "killed")]
    whole, killed = ([json.loads(line) for line in text.splitlines()] for text in texts)
    for row in (*whole, *killed):
        assert row.pop("seconds") >= 0
    assert whole == killed
    assert [row["step"] for row in whole] == list(range(55))  # patience ended it before step 60


def test_no_file_is_left_over(runs):
    files = ["best-30.safetensors", "checkpoint.safetensors", "final.safetensors", "machine.txt", "metrics.jsonl"]
    for name in ("whole", "killed"):
        assert sorted(path.name for path in (runs / name).iterdir()) == files
