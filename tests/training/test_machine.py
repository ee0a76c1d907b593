"""The machine is named in one line, and a run says where it was begun and where it went on."""

import platform

import pytest
import torch

from minirag.training import machine as module
from minirag.training.loop import train
from minirag.training.machine import machine, note_machine, seconds_and_machine
from minirag.training.processes import Processes
from minirag.training.run_folder import RunFolder
from tests.training.test_loop import SETTINGS, line_to_fit

CPU = torch.device("cpu")


def test_processor_threads_and_torch_are_named():
    told = machine(CPU)
    assert "\n" not in told and torch.__version__ in told
    assert f"{torch.get_num_threads()} thread" in told
    assert ", 4 processes, torch" in machine(CPU, 4)


def test_where_the_system_has_no_list_of_processors_python_names_it(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "CPU_LIST", tmp_path / "none")
    assert module.processor() in (platform.processor(), platform.machine())
    (tmp_path / "list").write_text("model name\t: Abacus 3000\nflags: beads\n")
    monkeypatch.setattr(module, "CPU_LIST", tmp_path / "list")
    assert machine(CPU).startswith("Abacus 3000, ")


def test_a_finished_run_says_what_it_ran_on_and_how_long(tmp_path):
    run = RunFolder(tmp_path / "run")
    last = [*train(*line_to_fit(), SETTINGS, run)][-1]
    assert seconds_and_machine(run) == (last.seconds, machine(CPU))
    assert [*train(*line_to_fit(), SETTINGS, run)] == []  # nothing is left to do, and nothing is written down
    assert seconds_and_machine(run) == (last.seconds, machine(CPU))


def test_a_run_that_goes_on_elsewhere_says_from_which_step(tmp_path, monkeypatch):
    run, here = RunFolder(tmp_path / "run"), "Abacus 3000"
    monkeypatch.setattr(module, "machine", lambda device, processes: here)
    note_machine(run, CPU, 0)
    note_machine(run, CPU, 4)
    here = "Abacus 4000"
    note_machine(run, CPU, 1200)
    note_machine(run, CPU, 1300)
    assert (run.folder / "machine.txt").read_text() == "Abacus 3000\nAbacus 4000, from step 1,200\n"


@pytest.mark.parametrize(("run", "processes"), [("run", Processes(1, 2)), (None, Processes(0, 1))])
def test_without_a_folder_or_in_another_process_nothing_is_written(tmp_path, run, processes):
    note_machine(run and RunFolder(tmp_path / run), CPU, 0, processes)
    assert list(tmp_path.iterdir()) == []
