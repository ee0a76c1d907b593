"""Where does a run keep what it needs to go on, and what it measured? In a folder beside the model that it makes.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_run_folder.py

    checkpoint.safetensors      weights, Adam's moments, random states, position, settings
    best-STEP.safetensors       the best weights so far, where something is watched
    metrics.jsonl               a line per step
    machine.txt                 what it ran on (machine.py)
    non_finite_batch.json       the batch that ended the run, if one did
    lock                        held by the process that trains
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from minirag.retrieval.whole_folder import flush
from minirag.training.checkpoints import (
    Tensors,
    moments_of,
    part,
    read_state,
    read_tensors,
    set_moments,
    set_random_states,
    set_weights,
    weights_of,
    write_checkpoint,
)
from minirag.training.early_stopping import Best
from minirag.training.processes import ALONE, Processes
from minirag.training.settings import LoopSettings
from minirag.training.sharding import whole_tensors

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
    """How far a run is: steps done, seconds they took, the best measure, bytes of metrics; ended: nothing is left to do."""

    step: int = 0
    seconds: float = 0.0
    best: Best = field(default_factory=Best)
    ended: bool = False
    metrics_bytes: int = 0


def save_run(
    run: RunFolder | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: LoopSettings,
    at: Position,
    random: Tensors,
    processes: Processes = ALONE,
) -> None:
    """Metrics first, then the checkpoint that counts on them, then what it no longer needs goes.

    Every process calls this, the first one writes: of sharded tensors all parts, of random states a row for each process.
    """
    device = next(model.parameters()).device
    random = {name: processes.gather(state.float()[None].to(device)).byte().cpu() for name, state in random.items()}
    tensors: Tensors = {f"model.{name}": tensor for name, tensor in whole_tensors(weights_of(model)).items()}
    tensors |= {f"adam.{name}": tensor for name, tensor in whole_tensors(moments_of(model, optimizer)).items()}
    tensors |= {f"random.{name}": tensor for name, tensor in random.items()}
    if run is not None and processes.rank == 0:
        write_run(run, tensors, at, begun_with(run, settings, processes))
    processes.sum(0.0)  # nobody goes on, or begins again from it, before the checkpoint is whole


def write_run(run: RunFolder, tensors: Tensors, at: Position, settings: dict[str, object]) -> None:
    if run.metrics.exists():
        flush(run.metrics)
        at = replace(at, metrics_bytes=run.metrics.stat().st_size)
    write_checkpoint(run.checkpoint, tensors, {**asdict(at), "settings": settings})
    for path in run.folder.glob("best-*.safetensors"):
        if at.best.step is None or path != run.best(at.best.step):
            path.unlink()


def resume(
    run: RunFolder | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: LoopSettings,
    processes: Processes = ALONE,
) -> Position:
    """Everything as it was at the checkpoint; without one, the start, from the random state of the seed.

    ValueError: the run was begun with other settings, or the file is not its checkpoint.
    """
    at = position(run, settings, processes) if run is not None else Position()
    if run is not None and processes.rank == 0:
        cut(run.metrics, at.metrics_bytes)
    if at.step == 0 or run is None:
        torch.manual_seed(settings.seed + processes.rank)
        return at
    tensors = read_tensors(run.checkpoint)
    set_weights(model, part(tensors, "model."), run.checkpoint)
    set_moments(model, optimizer, part(tensors, "adam."))
    set_random_states({name: rows[processes.rank] for name, rows in part(tensors, "random.").items()})
    return at


def position(run: RunFolder, settings: LoopSettings, processes: Processes = ALONE) -> Position:
    """Where the run's checkpoint stands; the start where there is none. ValueError: it was begun with other settings."""
    if not run.checkpoint.exists():
        return Position()
    state: Any = read_state(run.checkpoint)
    refuse_other_settings(run, state["settings"], begun_with(run, settings, processes))
    return Position(state["step"], state["seconds"], Best(**state["best"]), state["ended"], state["metrics_bytes"])


@contextmanager
def alone_in(run: RunFolder) -> Iterator[None]:
    """ValueError: another process trains in this folder now. A lock of the system, which ends with whoever holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    run.folder.mkdir(parents=True, exist_ok=True)
    with (run.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{run.folder}: another process trains here") from None
        yield


def begun_with(run: RunFolder, settings: LoopSettings, processes: Processes) -> dict[str, object]:
    """As JSON gives it back: a tuple is a list there."""
    known: dict[str, object] = json.loads(json.dumps({**asdict(settings), "processes": processes.count, **run.options}))
    return {name: value for name, value in known.items() if name not in FREE}


def refuse_other_settings(run: RunFolder, before: dict[str, object], now: dict[str, object]) -> None:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            change = f"was begun with {name} {before.get(name)}, not {now.get(name)}"
            raise ValueError(f"{run.checkpoint}: {change}; go on with that, or begin in another folder")


def trained_weights(run: RunFolder) -> Tensors:
    """The weights that a run has come to: the best ones where something is watched, else the last."""
    state: Any = read_state(run.checkpoint)
    best = Best(**state["best"])
    return part(read_tensors(run.checkpoint), "model.") if best.step is None else read_tensors(run.best(best.step))


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
