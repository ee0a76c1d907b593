"""How much memory does this process hold now? What the libraries took before anything was opened is no side's own."""

import resource
from pathlib import Path

import torch

STATM = Path("/proc/self/statm")  # Linux


def resident(device: torch.device) -> int:
    """Bytes of this process, now; on a GPU none but tensors count."""
    if device.type == "cuda":
        return 0
    return int(STATM.read_text().split()[1]) * resource.getpagesize()
