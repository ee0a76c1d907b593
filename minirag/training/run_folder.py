"""Where does a run keep what it needs to go on, and what it measured? In a folder beside the model that it makes.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_run_folder.py

    checkpoint.safetensors      weights, Adam's moments, random states, position, settings
    best-STEP.safetensors       the best weights so far, where something is watched
    metrics.jsonl               a line per step
    non_finite_batch.json       the batch that ended the run, if one did
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from minirag.retrieval.whole_folder import flush
from minirag.training.checkpoints import (
    Tensors,
    moments_of,
    part,
    read_checkpoint,
    set_moments,
    set_random_states,
    set_weights,
    weights_of,
    write_checkpoint,
)
from minirag.training.early_stopping import Best
from minirag.training.settings import LoopSettings

FREE = {"checkpoint_every"}  # may change when a run goes on: nothing that is computed depends on it


@dataclass(frozen=True)
class RunFolder:
    """options: what else the run was called with; like the loop's settings, they may not change when it goes on."""

    folder: Path
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    def best(self, step: int) -> Path:
        return self.folder / f"best-{step}.safetensors"


@dataclass(frozen=True)
class Position:
    """How far a run is: steps done, seconds they took, the best measure; ended: nothing is left to do."""

    step: int = 0
    seconds: float = 0.0
    best: Best = field(default_factory=Best)
    ended: bool = False


def save_run(
    run: RunFolder,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: LoopSettings,
    at: Position,
    random: Tensors,
) -> None:
    """Metrics first, then the checkpoint that counts on them, then what it no longer needs goes."""
    size = run.metrics.stat().st_size if run.metrics.exists() else 0
    if size:
        flush(run.metrics)
    tensors: Tensors = {f"model.{name}": tensor for name, tensor in weights_of(model).items()}
    tensors |= {f"adam.{name}": tensor for name, tensor in moments_of(model, optimizer).items()}
    tensors |= {f"random.{name}": tensor for name, tensor in random.items()}
    state = {**asdict(at), "metrics_bytes": size, "settings": begun_with(run, settings)}
    write_checkpoint(run.checkpoint, tensors, state)
    for path in run.folder.glob("best-*.safetensors"):
        if at.best.step is None or path != run.best(at.best.step):
            path.unlink()


def resume(
    run: RunFolder | None, model: nn.Module, optimizer: torch.optim.Optimizer, settings: LoopSettings
) -> Position:
    """Everything as it was at the checkpoint; without one, the start, from the random state of the seed.

    ValueError: the run was begun with other settings, or the file is not its checkpoint.
    """
    if run is None or not run.checkpoint.exists():
        torch.manual_seed(settings.seed)
        if run is not None:
            cut(run.metrics, 0)
        return Position()
    tensors, state = read_checkpoint(run.checkpoint)
    refuse_other_settings(run, state["settings"], settings)  # type: ignore[arg-type]
    set_weights(model, part(tensors, "model."), run.checkpoint)
    set_moments(model, optimizer, part(tensors, "adam."))
    set_random_states(part(tensors, "random."))
    cut(run.metrics, state["metrics_bytes"])  # type: ignore[arg-type]
    return Position(state["step"], state["seconds"], Best(**state["best"]), state["ended"])  # type: ignore[arg-type]


def begun_with(run: RunFolder, settings: LoopSettings) -> dict[str, object]:
    """As JSON gives it back: a tuple is a list there."""
    known: dict[str, object] = json.loads(json.dumps({**asdict(settings), **run.options}))
    return {name: value for name, value in known.items() if name not in FREE}


def refuse_other_settings(run: RunFolder, before: dict[str, object], settings: LoopSettings) -> None:
    now = begun_with(run, settings)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            change = f"was begun with {name} {before.get(name)}, not {now.get(name)}"
            raise ValueError(f"{run.checkpoint}: {change}; go on with that, or begin in another folder")


def trained_weights(run: RunFolder) -> Tensors:
    """The weights that a run has come to: the best ones where something is watched, else the last."""
    tensors, state = read_checkpoint(run.checkpoint)
    best = Best(**state["best"])  # type: ignore[arg-type]
    return part(tensors, "model.") if best.step is None else read_checkpoint(run.best(best.step))[0]


def add_line(run: RunFolder, row: Mapping[str, object]) -> None:
    run.folder.mkdir(parents=True, exist_ok=True)
    with run.metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def cut(metrics: Path, size: int) -> None:
    """Lines after the checkpoint go: their steps are done again."""
    there = metrics.stat().st_size if metrics.exists() else 0
    if there < size:
        raise ValueError(f"{metrics}: {size - there} bytes are missing that were there at the checkpoint")
    if there:
        os.truncate(metrics, size)


def save_batch(run: RunFolder, step: int, loss: float, batch: Sequence[object]) -> Path:
    """The batch whose loss or gradient was no number, for whoever wants to know why."""
    path = run.folder / "non_finite_batch.json"
    run.folder.mkdir(parents=True, exist_ok=True)
    rows = {"step": step, "loss": str(loss), "batch": list(batch)}
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
