"""How does a training look in a terminal? What it will take and on what, a line every so many steps, how to go on.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_training_run.py
"""

import math
import sys
from collections.abc import Iterator
from contextlib import nullcontext

from torch import nn

from minirag.cli.console import duration, progress_bar, stdout
from minirag.training.loop import Progress, Task, train
from minirag.training.machine import machine, seconds_and_machine
from minirag.training.processes import ALONE, Processes
from minirag.training.rehearsal import Plan, rehearse
from minirag.training.run_folder import Position, RunFolder, alone_in, position
from minirag.training.settings import LoopSettings
from minirag.training.sharding import make_whole


def run_training(
    model: nn.Module,
    task: Task,
    settings: LoopSettings,
    run: RunFolder,
    steps_per_epoch: int | None = None,
    every: int = 50,
    name: str = "step",
    processes: Processes = ALONE,
) -> None:
    """The whole training; afterwards the model has its best weights. Of several processes the first one prints."""
    with alone_in(run) if processes.rank == 0 else nullcontext():
        at, loud = position(run, settings, processes), processes.rank == 0
        if loud and at.step:
            print(gone_so_far(run, at, settings))
        if not at.ended:
            plan = rehearse(model, task, settings, steps_per_epoch, at.step)
            if loud:
                print(written(plan))
                print("on", machine(next(model.parameters()).device, processes.count))
        steps = train(model, task, settings, run, processes)
        if loud:
            show(steps, settings, run, every, name, processes)
        else:
            list(steps)
        make_whole(model)


def gone_so_far(run: RunFolder, at: Position, settings: LoopSettings) -> str:
    """How far a run is, and of one that has ended how long it took, and on what."""
    done = f"{run.folder}: {'ended' if at.ended else 'goes on'} after step {at.step:,} of {settings.steps:,}"
    if not at.ended:
        return done
    seconds, told = seconds_and_machine(run)
    return f"{done}: {duration(seconds)} on {told}"


def written(plan: Plan) -> str:
    """`12,000 steps = 3.0 epochs, about 2 h 10 min and 60 measures, about 1.9 GB of memory`."""
    epochs = "" if plan.epochs is None else f" = {plan.epochs:.1f} epochs"
    measures = f" and {plan.measures} measures" if plan.measures else ""
    memory = "" if plan.memory is None else f", about {plan.memory / 1e9:.1f} GB of memory"
    return f"{plan.steps:,} steps{epochs}, about {duration(plan.seconds)}{measures}{memory}"


def show(
    steps: Iterator[Progress],
    settings: LoopSettings,
    run: RunFolder,
    every: int,
    name: str,
    processes: Processes = ALONE,
) -> None:
    """A bar, and a line every so many steps and at every measure: the mean loss since the line before."""
    console, losses = stdout(), []
    try:
        with progress_bar("steps") as report:
            for progress in steps:
                losses += [] if math.isnan(progress.loss) else [progress.loss]
                report(progress.step, settings.steps)
                if progress.measured or progress.step % every == 0:
                    console.print(line(progress, losses, settings, name), soft_wrap=True)
                    losses.clear()
    except KeyboardInterrupt:
        step = position(run, settings, processes).step
        print(f"stopped; the same command goes on after step {step:,}", file=sys.stderr)
        raise


def line(progress: Progress, losses: list[float], settings: LoopSettings, name: str) -> str:
    loss = f"loss {sum(losses) / len(losses):.3f}, " if losses else ""
    measured = "".join(f"{key} {value:.3f}, " for key, value in progress.measured.items())
    return f"{name} {progress.step}/{settings.steps}: {loss}{measured}{progress.seconds:.0f} s"
