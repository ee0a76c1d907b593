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
from dataclasses import dataclass, replace

import torch
from torch import nn

from minirag.training.best_weights import BestWeights
from minirag.training.checkpoints import random_states, set_random_states
from minirag.training.early_stopping import judge, out_of_patience
from minirag.training.learning_rates import adamw, schedule, set_rates
from minirag.training.machine import note_machine
from minirag.training.metrics import Progress, metrics_log
from minirag.training.processes import ALONE, Processes
from minirag.training.run_folder import Position, RunFolder, resume, save_batch, save_run
from minirag.training.settings import LoopSettings
from minirag.training.sharding import put_together


@dataclass(frozen=True)
class Task:
    """What is trained on. objective(t): forward and backward of batch t = 0, 1, …, which adds to .grad and returns the loss.

    With several processes each returns its share of the loss and has its share of the gradient: they add up.
    measure: dev measurements, without gradient and dropout. describe(t): the rows of batch t, for whoever must find a fault.
    largest: a step whose batch takes the most memory.
    """

    objective: Callable[[int], float]
    measure: Callable[[], dict[str, float]] | None = None
    describe: Callable[[int], list[dict[str, object]]] | None = None
    largest: int = 0


def train(
    model: nn.Module, task: Task, settings: LoopSettings, run: RunFolder | None = None, processes: Processes = ALONE
) -> Iterator[Progress]:
    """AdamW on task.objective(0), (1), …: yields after every step, and goes on from the checkpoint of `run`.

    At the end the model has its best weights where something is watched, else the last. torch's random state is set from
    settings.seed. ValueError: a loss or gradient is not finite; weights and checkpoint are then those of the step before.
    """
    optimizer = adamw(model, settings)
    at = resume(run, model, optimizer, settings, processes)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    best_weights, log = BestWeights(run, processes), metrics_log(run, at.step, processes)
    random, began = random_states(), time.monotonic() - at.seconds
    if not at.ended:
        note_machine(run, parameters[0].device, at.step, processes)
    model.train()
    if settings.measure_first and at == Position():
        at, measured = measure(model, task, settings, at, best_weights)
        yield log(Progress(0, math.nan, math.nan, math.nan, time.monotonic() - began, measured))
    while not at.ended:
        set_random_states(random)  # measures, and whoever reads this generator, may draw as they like
        share = schedule(at.step, settings)
        set_rates(optimizer, share)
        loss = processes.sum(task.objective(at.step))
        processes.sum_gradients(parameters)
        norm = float(nn.utils.clip_grad_norm_(parameters, settings.clip_norm))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise ValueError(not_finite(at.step, loss, norm, task, run if processes.rank == 0 else None))
        optimizer.step()
        optimizer.zero_grad()
        random, measured = random_states(), {}
        at = replace(at, step=at.step + 1, seconds=time.monotonic() - began, ended=at.step + 1 == settings.steps)
        if due(at, settings.measure_every):
            at, measured = measure(model, task, settings, at, best_weights)
        progress = log(Progress(at.step, loss, share * settings.learning_rate, norm, at.seconds, measured))
        if due(at, settings.checkpoint_every):
            save_run(run, model, optimizer, settings, at, random, processes)
        yield progress
    best_weights.give_back(model, at)
    model.eval()


def due(at: Position, every: int) -> bool:
    """After every so many steps (0: never), and at the end."""
    return at.ended or (every > 0 and at.step % every == 0)


def measure(
    model: nn.Module, task: Task, settings: LoopSettings, at: Position, best_weights: BestWeights
) -> tuple[Position, dict[str, float]]:
    """What is measured now, without gradient or dropout, and the position that follows: a better best, or the end."""
    if task.measure is None:
        return at, {}
    model.eval()
    with torch.no_grad(), put_together(model):
        measured = {name: best_weights.processes.first(value) for name, value in task.measure().items()}
    model.train()
    best = judge(at.best, at.step, measured, settings)
    if best.step == at.step:
        best_weights.keep(model, at.step)
    return replace(at, best=best, ended=at.ended or out_of_patience(best, settings)), measured


def not_finite(step: int, loss: float, norm: float, task: Task, run: RunFolder | None) -> str:
    """One line about a step that was not taken; its batch is saved where there is a folder and something to say."""
    fault = f"the loss is {loss}" if not math.isfinite(loss) else f"the gradient's norm is {norm}"
    where = ""
    if run is not None and task.describe is not None:
        where = f", its batch is in {save_batch(run, step + 1, loss, task.describe(step))}"
    return f"step {step + 1}: {fault}{where}; the weights are those of the step before"
