"""The peak of a process is at least what its tensors take, and stays when they are gone."""

import sys

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
    assert peak_memory(torch.device("cpu")) >= peak


def test_a_system_that_does_not_say_is_not_guessed_at(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory(torch.device("cpu")) is None
