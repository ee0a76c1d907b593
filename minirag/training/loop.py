"""What happens in a training step? One visible loop, the same for DPR, BART and RAG: a generator that yields metrics.

Paper     DPR §4.2, RAG §2.4: Adam, linear warm-up and decay
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_loop.py

A batch is a pure function of its step number (see `loss_at`), so a run that was stopped goes on from its checkpoint with
the batches that an uninterrupted run would have seen.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


@dataclass(frozen=True)
class LoopSettings:
    """learning_rate is the peak; bf16: autocast of the forward pass; checkpoint_every 0: only at the end."""

    steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    decay_from: float = 0.0
    floor: float = 0.02
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip_norm: float = 1.0
    bf16: bool = True
    checkpoint_every: int = 500


@dataclass(frozen=True)
class Progress:
    """One step: its loss in nats, the learning rate it used and the seconds since the loop began."""

    step: int
    loss: float
    learning_rate: float
    seconds: float


def train(
    model: nn.Module,
    loss_at: Callable[[int], Float[Tensor, ""]],
    settings: LoopSettings,
    checkpoint: Path | None = None,
) -> Iterator[Progress]:
    """Adam on loss_at(step), step = 0, 1, …; yields after every step, and goes on from `checkpoint` where it exists.

    ValueError: a loss that is not finite, with the step's number; weights and checkpoint are then those of the step before.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, betas=settings.betas, weight_decay=settings.weight_decay)
    first = restore(model, optimizer, checkpoint)
    device = parameters[0].device.type
    started = time.monotonic()
    model.train()
    for step in range(first, settings.steps):
        with torch.autocast(device, torch.bfloat16, enabled=settings.bf16):
            loss = loss_at(step)
        if not torch.isfinite(loss):
            raise ValueError(f"step {step}: the loss is {loss.item()}; the weights are those of the step before")
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        rate = learning_rate(step, settings)
        set_learning_rate(optimizer, rate)
        optimizer.step()
        if checkpoint is not None and saves_after(step, settings):
            save(model, optimizer, checkpoint, step + 1)
        yield Progress(step + 1, loss.item(), rate, time.monotonic() - started)
    model.eval()


def learning_rate(step: int, settings: LoopSettings) -> float:
    """Linear from 0 to the peak over the warm-up, flat until `decay_from` of the run, linear to `floor` · peak at its end."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    done = step / settings.steps
    left = 1.0 if done <= settings.decay_from else (1 - done) / (1 - settings.decay_from)
    return settings.learning_rate * warm * max(settings.floor, left)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def saves_after(step: int, settings: LoopSettings) -> bool:
    every = settings.checkpoint_every
    return step + 1 == settings.steps or (every > 0 and (step + 1) % every == 0)


def save(model: nn.Module, optimizer: torch.optim.Optimizer, path: Path, step: int) -> None:
    """Weights, Adam's two moments and the step, in one safetensors file that appears whole or not at all."""
    tensors = {f"model.{name}": tensor.contiguous() for name, tensor in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": tensor.contiguous() for name, tensor in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"step": json.dumps(step)})
    os.replace(partial, path)


def restore(model: nn.Module, optimizer: torch.optim.Optimizer, path: Path | None) -> int:
    """Load what `save` wrote and return the number of steps done; 0 where there is no checkpoint."""
    if path is None or not path.exists():
        return 0
    tensors = load_file(path)
    model.load_state_dict({name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")})
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("adam."):
            _, number, moment = name.split(".")
            state.setdefault(int(number), {})[moment] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return steps_done(path)


def steps_done(path: Path) -> int:
    with safe_open(path, "pt") as file:
        return int(json.loads(file.metadata()["step"]))
