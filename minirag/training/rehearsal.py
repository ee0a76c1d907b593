"""What will a run take? One batch is tried before the first step: its time, and the memory that it needs at its peak.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_rehearsal.py

Weights, gradients and random states are afterwards as they were.
"""

import math
import time
from dataclasses import dataclass

import torch
from torch import nn

from minirag.training.checkpoints import random_states, set_random_states
from minirag.training.loop import Task
from minirag.training.peak_memory import peak_memory
from minirag.training.settings import LoopSettings


@dataclass(frozen=True)
class Plan:
    """What is to do: steps, epochs (None: the data has no end), measures; seconds without these; bytes at the peak."""

    steps: int
    epochs: float | None
    measures: int
    seconds: float
    memory: int | None


def rehearse(
    model: nn.Module, task: Task, settings: LoopSettings, steps_per_epoch: int | None = None, done: int = 0
) -> Plan:
    """The largest batch for its memory, then the next one for its time; every step is taken to need as long as that.

    memory = the peak of that forward and backward + Adam's two moments, which the first step makes.
    """
    device = next(model.parameters()).device
    random = random_states()
    model.train()
    try_largest(task)
    peak = peak_memory(device)
    model.zero_grad()
    began = time.monotonic()
    task.objective(done)
    seconds = time.monotonic() - began
    model.zero_grad()
    set_random_states(random)
    left = settings.steps - done
    return Plan(
        steps=left,
        epochs=None if steps_per_epoch is None else left / steps_per_epoch,
        measures=measures_left(settings, done) if task.measure is not None else 0,
        seconds=left * seconds,
        memory=None if peak is None else peak + moments_to_come(model),
    )


def try_largest(task: Task) -> None:
    """ValueError: it does not fit into the memory, and what to do about that."""
    try:
        task.objective(task.largest)
    except torch.OutOfMemoryError:
        advice = "try --accumulate, --activation-checkpointing or a smaller --batch-size"
        raise ValueError(f"the largest batch does not fit into the GPU's memory: {advice}") from None


def measures_left(settings: LoopSettings, done: int) -> int:
    first = int(settings.measure_first and done == 0)
    if settings.measure_every == 0:
        return first + 1
    return first + math.ceil(settings.steps / settings.measure_every) - done // settings.measure_every


def moments_to_come(model: nn.Module) -> int:
    """Bytes of Adam's two moments: each is as large as what is trained."""
    return sum(2 * p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
