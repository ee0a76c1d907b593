"""How much memory does a step of DPR's training take, with gradient caching and without?

One BERT-base for both sides, random weights in float32; each question of 16 tokens has a passage and a hard negative of 128
tokens, every token is real. Each case is a whole step of AdamW in a process of its own: both passes over all chunks, the loss
of all questions against all passages, backward, the optimizer; Adam's moments are there before.

`peak` is all resident memory of the process at its highest: `libraries` (Python and torch, before there is a network), `own`
(16 bytes for each parameter: weight, gradient, two moments) and what lies `beyond`. With caching, `chunk` passages have a
graph at a time, and 128 questions are measured: 24 TFLOP, ten minutes of an idle core. Without it they would not fit: there
two small batches show what another question adds (`per_question`), and `projected_peak` is that line at 128 questions, not a
measurement.

    OMP_NUM_THREADS=1 python -m benchmarks.gradient_cache_memory > benchmarks/results/gradient_cache_memory.json
"""

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version

import torch

from benchmarks.resident import resident
from minirag.configuration import BertConfig
from minirag.model.dpr import DPRContextEncoder
from minirag.training.dpr.gradient_cache import Encode, backward
from minirag.training.dpr.objective import dpr_loss
from minirag.training.dpr.towers import Towers
from minirag.training.machine import processor
from minirag.training.peak_memory import peak_memory

QUESTION, PASSAGE, WHOLE = 16, 128, 128
COMMAND = "python -m benchmarks.gradient_cache_memory"
CASES = [{"questions": WHOLE, "chunk": 8}, {"questions": 4, "chunk": 0}, {"questions": 8, "chunk": 0}]  # 0: all at once


def chunks(tower: object, rows: int, length: int, size: int) -> list[Encode]:
    ids = torch.randint(5, 30522, (rows, length))
    real = torch.ones_like(ids, dtype=torch.bool)
    return [
        lambda part=part, mask=mask: tower(part, mask)
        for part, mask in zip(ids.split(size), real.split(size), strict=True)
    ]


def measure(case: dict) -> dict:
    """A step, and its peak."""
    libraries = resident(torch.device("cpu"))
    torch.manual_seed(0)
    model = Towers(DPRContextEncoder(BertConfig())).train()
    optimizer = torch.optim.AdamW(model.parameters())
    count, size = case["questions"], case["chunk"] or 10**9
    make_moments(model, optimizer)
    began = time.monotonic()
    questions = chunks(model.question_vectors, count, QUESTION, size)
    passages = chunks(model.passage_vectors, 2 * count, PASSAGE, size)
    loss = backward(questions, passages, dpr_loss, cached=case["chunk"] > 0)
    optimizer.step()
    peak = peak_memory(torch.device("cpu"))
    assert peak is not None
    own = 16 * sum(parameter.numel() for parameter in model.parameters())
    sizes = {"peak": peak, "libraries": libraries, "own": own, "beyond": peak - libraries - own}
    return {**case, "loss": loss, "seconds": round(time.monotonic() - began), **sizes}


def make_moments(model: Towers, optimizer: torch.optim.AdamW) -> None:
    """A step with gradients of 0."""
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    optimizer.zero_grad()


def line(rows: list[dict]) -> dict:
    """What a question adds, and where that leads: peak = base + questions · per_question."""
    small, large = rows
    slope = (large["peak"] - small["peak"]) / (large["questions"] - small["questions"])
    projected = large["peak"] + slope * (WHOLE - large["questions"])
    return {
        "chunk": large["chunk"],
        "questions": WHOLE,
        "per_question": round(slope),
        "projected_peak": round(projected),
    }


def machine() -> dict:
    cpu = f"{os.cpu_count()} cores of {processor()}"
    return {
        "cpu": cpu,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(measure(json.loads(sys.argv[1]))))
        return
    rows = []
    for case in CASES:
        command = [sys.executable, *COMMAND.split()[1:], json.dumps(case)]
        rows.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
        print(case, f"peak {rows[-1]['peak'] / 1e9:.2f} GB", file=sys.stderr)
    at_once = line([row for row in rows if row["chunk"] == 0])
    print(json.dumps({"command": COMMAND, "machine": machine(), "bytes": rows, "projected": [at_once]}, indent=1))


if __name__ == "__main__":
    main()
