"""What happens in a training step? One visible loop, the same for DPR, BART and RAG: a generator that yields metrics.

Paper     DPR §4.2, RAG §2.4: Adam, linear warm-up and decay
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_loop.py

A step is a pure function of weights, Adam's moments, random state and its number, so a run that was stopped goes on from
its checkpoint with the steps that an uninterrupted run would have done.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace

import torch
from torch import nn

from minirag.training.checkpoints import (
    Tensors,
    random_states,
    read_checkpoint,
    set_random_states,
    set_weights,
    weights_of,
    write_checkpoint,
)
from minirag.training.early_stopping import judge, out_of_patience
from minirag.training.learning_rates import adamw, schedule, set_rates
from minirag.training.processes import ALONE, Processes
from minirag.training.run_folder import Position, RunFolder, add_line, resume, save_batch, save_run
from minirag.training.settings import LoopSettings


@dataclass(frozen=True)
class Task:
    """What is trained on. objective(t): forward and backward of batch t = 0, 1, …, which adds to .grad and returns the loss.

    With several processes each returns its share of the loss and has its share of the gradient: they add up.
    measure: dev measurements, without gradient and dropout. describe(t): the rows of batch t, for whoever must find a fault.
    """

    objective: Callable[[int], float]
    measure: Callable[[], dict[str, float]] | None = None
    describe: Callable[[int], list[dict[str, object]]] | None = None


@dataclass(frozen=True)
class Progress:
    """Steps done, the last one's loss (nats), rate and gradient norm before clipping; seconds since the run began.

    Step 0 is the measure before the first step: its loss, rate and norm are nan.
    """

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    seconds: float
    measured: dict[str, float] = field(default_factory=dict)


def train(
    model: nn.Module, task: Task, settings: LoopSettings, run: RunFolder | None = None, processes: Processes = ALONE
) -> Iterator[Progress]:
    """AdamW on task.objective(0), (1), …: yields after every step, and goes on from the checkpoint of `run`.

    At the end the model has its best weights where something is watched, else the last. torch's random state is set from
    settings.seed. ValueError: a loss or gradient is not finite; weights and checkpoint are then those of the step before.
    """
    optimizer = adamw(model, settings)
    at = resume(run, model, optimizer, settings)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    best_weights = BestWeights(run)
    random, began = random_states(), time.monotonic() - at.seconds
    model.train()
    if settings.measure_first and at == Position():
        at, measured = measure(model, task, settings, at, best_weights)
        yield write(run, Progress(0, math.nan, math.nan, math.nan, time.monotonic() - began, measured))
    while not at.ended:
        set_random_states(random)  # measures, and whoever reads this generator, may draw as they like
        share = schedule(at.step, settings)
        set_rates(optimizer, share)
        loss = processes.sum(task.objective(at.step))
        processes.sum_gradients(parameters)
        norm = float(nn.utils.clip_grad_norm_(parameters, settings.clip_norm))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise ValueError(not_finite(at.step, loss, norm, task, run))
        optimizer.step()
        optimizer.zero_grad()
        random, measured = random_states(), {}
        at = replace(at, step=at.step + 1, seconds=time.monotonic() - began, ended=at.step + 1 == settings.steps)
        if due(at, settings.measure_every):
            at, measured = measure(model, task, settings, at, best_weights)
        progress = write(run, Progress(at.step, loss, share * settings.learning_rate, norm, at.seconds, measured))
        if run is not None and due(at, settings.checkpoint_every):
            save_run(run, model, optimizer, settings, at, random)
        yield progress
    best_weights.give_back(model, at)
    model.eval()


def due(at: Position, every: int) -> bool:
    """After every so many steps (0: never), and at the end."""
    return at.ended or (every > 0 and at.step % every == 0)


def measure(
    model: nn.Module, task: Task, settings: LoopSettings, at: Position, best_weights: "BestWeights"
) -> tuple[Position, dict[str, float]]:
    """What is measured now, without gradient or dropout, and the position that follows: a better best, or the end."""
    if task.measure is None:
        return at, {}
    model.eval()
    with torch.no_grad():
        measured = task.measure()
    model.train()
    best = judge(at.best, at.step, measured, settings)
    if best.step == at.step:
        best_weights.keep(model, at.step)
    return replace(at, best=best, ended=at.ended or out_of_patience(best, settings)), measured


class BestWeights:
    """The best weights so far: in the run's folder, or in memory where there is none."""

    def __init__(self, run: RunFolder | None):
        self.run = run
        self.kept: Tensors = {}

    def keep(self, model: nn.Module, step: int) -> None:
        if self.run is not None:
            write_checkpoint(self.run.best(step), weights_of(model), {"step": step})
        else:
            self.kept = {name: weight.clone() for name, weight in weights_of(model).items()}

    def give_back(self, model: nn.Module, at: Position) -> None:
        """The model's weights become the best ones, where something was watched."""
        if at.best.step is not None and at.best.step != at.step:
            tensors = read_checkpoint(self.run.best(at.best.step))[0] if self.run is not None else self.kept
            set_weights(model, tensors, f"the best weights, of step {at.best.step}")


def write(run: RunFolder | None, progress: Progress) -> Progress:
    """A line of metrics.jsonl: what is no number (before the first step) is left out."""
    if run is not None:
        row = asdict(progress)
        row |= row.pop("measured")
        add_line(run, {name: value for name, value in row.items() if math.isfinite(value)})
    return progress


def not_finite(step: int, loss: float, norm: float, task: Task, run: RunFolder | None) -> str:
    """One line about a step that was not taken; its batch is saved where there is a folder and something to say."""
    fault = f"the loss is {loss}" if not math.isfinite(loss) else f"the gradient's norm is {norm}"
    where = ""
    if run is not None and task.describe is not None:
        where = f", its batch is in {save_batch(run, step + 1, loss, task.describe(step))}"
    return f"step {step + 1}: {fault}{where}; the weights are those of the step before"
