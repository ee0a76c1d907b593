"""The peak of a process is at least what its tensors take, and stays when they are gone."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from minirag.training.peak_memory import peak_memory

MB = 1_000_000


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not say")
def test_the_peak_is_at_least_what_is_held_and_stays_when_it_is_gone():
    rows = torch.ones(60, MB)
    peak = peak_memory(torch.device("cpu"))
    assert 240 * MB < peak < 64_000 * MB
    assert rows.sum() == 60 * MB
    del rows
    # Linux adds up the pages of its processors now and then: VmHWM may be less by some pages than what it said before.
    assert peak_memory(torch.device("cpu")) > peak - 2 * MB


def test_a_system_that_does_not_say_is_not_guessed_at(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "resource", None)
    monkeypatch.setattr("minirag.training.peak_memory.STATUS", tmp_path / "status")
    assert peak_memory(torch.device("cpu")) is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone has it")
def test_the_peak_is_that_of_this_program_and_not_of_the_one_that_started_it():
    rows = torch.ones(300, MB)  # 1.2 GB here; the program that is started needs a third of it
    code = "import torch; from minirag.training.peak_memory import peak_memory; print(peak_memory(torch.device('cpu')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_000 * MB < peak_memory(torch.device("cpu")) and rows.shape == (300, MB)
