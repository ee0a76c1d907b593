"""On what was it run, and how long? One line for the reader of a table with times; a run keeps it beside its checkpoint.

Paper     none
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/training/test_machine.py
"""

import os
import platform
from pathlib import Path
from typing import Any

import torch

from minirag.training.checkpoints import read_state
from minirag.training.processes import ALONE, Processes
from minirag.training.run_folder import RunFolder

CPU_LIST = Path("/proc/cpuinfo")
MACHINE = "machine.txt"  # in the run's folder
FROM = ", from step "


def machine(device: torch.device, processes: int = 1) -> str:
    """`NVIDIA H100`, or `AMD EPYC 7B13, 1 thread on 2 processors`; how many processes share the work; torch's version."""
    threads = torch.get_num_threads()
    said = f"{processor()}, {threads} thread{'s' * (threads > 1)} on {os.cpu_count()} processors"
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else said
    shared = f", {processes} processes" if processes > 1 else ""
    return f"{name}{shared}, torch {torch.__version__}"


def processor() -> str:
    """As the system names it."""
    lines = CPU_LIST.read_text("utf-8").splitlines() if CPU_LIST.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def note_machine(run: RunFolder | None, device: torch.device, step: int, processes: Processes = ALONE) -> None:
    """The machine that a run is begun on, and a line for each other one that it goes on with. The first process writes."""
    if run is None or processes.rank > 0:
        return
    place, told = run.folder / MACHINE, machine(device, processes.count)
    before = place.read_text("utf-8").splitlines() if place.exists() else []
    if before and before[-1].partition(FROM)[0] == told:
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    with place.open("a", encoding="utf-8") as file:
        file.write(told + (f"{FROM}{step:,}" if step else "") + "\n")


def seconds_and_machine(run: RunFolder) -> tuple[float, str]:
    """What a run has taken up to its checkpoint, and on what: `A; B, from step 200`. ValueError: there is no checkpoint."""
    state: Any = read_state(run.checkpoint)
    place = run.folder / MACHINE
    told = place.read_text("utf-8").splitlines() if place.exists() else ["a machine that was not written down"]
    return float(state["seconds"]), "; ".join(told)
