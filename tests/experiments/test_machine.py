"""The machine is named in one line."""

import platform

import torch

from minirag.experiments import machine as module
from minirag.experiments.machine import machine


def test_processor_threads_and_torch_are_named():
    told = machine(torch.device("cpu"))
    assert "\n" not in told and torch.__version__ in told
    assert f"{torch.get_num_threads()} thread" in told


def test_where_the_system_has_no_list_of_processors_python_names_it(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "CPU_LIST", tmp_path / "none")
    assert module.processor() in (platform.processor(), platform.machine())
    (tmp_path / "list").write_text("model name\t: Abacus 3000\nflags: beads\n")
    monkeypatch.setattr(module, "CPU_LIST", tmp_path / "list")
    assert machine(torch.device("cpu")).startswith("Abacus 3000, ")
