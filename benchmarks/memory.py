"""How much memory does a side need above what is there anyway? Each runs in a process of its own, which holds nothing else.

Above = peak − libraries − own. Peak: of the whole process while the side runs, its opening not counted. Libraries: what
the process held after importing them and doing something small. Own: weights, and in training gradients and moments.
On a GPU torch counts its tensors, and libraries are not among them.

    python -m benchmarks.memory '{"job": "rag_token_beams", "side": "minirag", "case": {"size": "tiny"}}'
"""

import ctypes
import gc
import importlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from benchmarks.job import THEIRS, Case
from benchmarks.resident import resident
from minirag.training.peak_memory import peak_memory

PROCESS = Path("/proc/self")  # Linux
RESET_PEAK = "5"  # what /proc/self/clear_refs calls it


def memory_above(job: str, side: str, case: Case) -> int:
    """Bytes, measured by a process that is started for it."""
    asked = json.dumps({"job": job, "side": side, "case": asdict(case)})
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.memory", asked]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    return int(json.loads(told.stdout)["above"])


def measure(job: str, side: str, case: Case) -> dict[str, int]:
    """In this process, which must be a new one."""
    from benchmarks.jobs import JOBS

    device = torch.device(case.device)
    import_libraries(side)
    libraries = resident(device)
    prepared = JOBS[job].sides[side](case)
    forget_the_past(device)
    prepared.run()
    peak = peak_memory(device)
    if peak is None:
        raise OSError("this system does not say how much memory a process took")
    return {"peak": peak, "libraries": libraries, "own": prepared.own, "above": peak - libraries - prepared.own}


def import_libraries(side: str) -> None:
    """And do something small: what torch sets up for itself at the first product is no work of the side."""
    importlib.import_module("minirag.rag")
    if side == THEIRS:
        for name in ("bart", "dpr", "rag"):
            importlib.import_module(f"transformers.models.{name}.modeling_{name}")
    states = torch.randn(1, 2, 64, 64, requires_grad=True)
    small = nn.functional.scaled_dot_product_attention(states, states, states) @ states
    small.log_softmax(dim=-1).sum().backward()
    # torch imports a compiler for its first optimizer, 75 MB, which transformers has imported already.
    torch.optim.AdamW([states], fused=True).step()


def forget_the_past(device: torch.device) -> None:
    """Opening a file takes memory too. It is given back, and the peak counts from now on."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        return
    ctypes.CDLL(None).malloc_trim(0)
    (PROCESS / "clear_refs").write_text(RESET_PEAK)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(measure(asked["job"], asked["side"], Case(**asked["case"]))))
