"""How much memory did a computation need at its peak? On a GPU torch counts; elsewhere the system does, for the process.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_peak_memory.py
"""

import re
import sys
from pathlib import Path

import torch

STATUS = Path("/proc/self/status")  # Linux


def peak_memory(device: torch.device) -> int | None:
    """Bytes of all tensors on a GPU at their highest; else of the process at its highest, code and all. None: unknown here."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return from_linux() or from_the_system()


def from_linux() -> int | None:
    """VmHWM. What getrusage says on Linux may be the peak of the program that started this one."""
    told = re.search(r"^VmHWM:\s*(\d+) kB$", STATUS.read_text(), re.MULTILINE) if STATUS.exists() else None
    return 1024 * int(told[1]) if told else None


def from_the_system() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
