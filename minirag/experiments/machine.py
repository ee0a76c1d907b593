"""On what was it run? One line for the reader of a table with times.

Paper     none
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_machine.py
"""

import os
import platform
from pathlib import Path

import torch

CPU_LIST = Path("/proc/cpuinfo")


def machine(device: torch.device) -> str:
    """`NVIDIA H100`, or `AMD EPYC 7B13, 1 thread of 2 processors`; then torch's version."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    threads = torch.get_num_threads()
    said = f"{threads} thread{'s' * (threads > 1)} on {os.cpu_count()} processors"
    return f"{processor()}, {said}, torch {torch.__version__}"


def processor() -> str:
    """As the system names it."""
    lines = CPU_LIST.read_text("utf-8").splitlines() if CPU_LIST.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
