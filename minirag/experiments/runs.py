"""One fine-tuning: a retriever, a likelihood, a seed. Where does it lie, and how does it go on?

Paper     RAG §2.4 (question encoder and generator are trained, context encoder and index stay fixed)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_runs.py

OUT/runs/NAME/SEED/ is the folder of a run of the loop: a finished one is not done again, one that was stopped goes on.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from minirag.experiments.rows import Setting, training_name
from minirag.experiments.size import Size
from minirag.experiments.world import World, described, opened, questions_for
from minirag.training.checkpoints import read_state
from minirag.training.loop import Task, train
from minirag.training.rag.opening import Start
from minirag.training.rag.task import RagSettings, rag_task, trained_networks
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings

Progress = Callable[[int, int | None], None]
MEASURES = 6  # on the way, where the retriever may collapse
CHECKPOINTS = 3


@dataclass(frozen=True)
class Training:
    """Everything that a run of the loop needs."""

    start: Start
    networks: nn.ModuleDict
    task: Task
    loop: LoopSettings
    run: RunFolder


def prepare(world: World, size: Size, setting: Setting, seed: int, out: Path, device: torch.device) -> Training:
    """Rows of a table differ in `setting` alone, the runs of a row in the order of the questions."""
    start = opened(world, setting, size.n_docs, seed)
    rag = RagSettings(
        likelihood=setting.likelihood,
        retriever=setting.retriever,
        n_docs=size.n_docs,
        batch_size=size.batch_size,
        space=size.space,
        seed=seed,
        bf16=device.type == "cuda",
    )
    watched = setting.generator == "random" or setting.encoder_rate != size.encoder_rate
    loop = LoopSettings(
        steps=setting.steps,
        learning_rate=size.learning_rate,
        learning_rates=(("question_encoder.", setting.encoder_rate),),
        warmup_steps=size.warmup_steps,
        bf16=device.type == "cuda",
        checkpoint_every=-(-setting.steps // CHECKPOINTS),
        measure_every=-(-setting.steps // MEASURES) if watched else 0,
        measure_first=watched,
        seed=seed,
    )
    networks = trained_networks(start, rag).to(device)
    start.model.to(device)
    dev = questions_for(world, setting) if watched else []
    run = RunFolder(run_place(out, setting, seed), {**asdict(rag), **described(world)})
    return Training(start, networks, rag_task(start, world.train, dev, rag), loop, run)


def run_place(out: Path, setting: Setting, seed: int) -> Path:
    return out / "runs" / training_name(setting) / f"seed-{seed}"


def fine_tune(training: Training, progress: Progress) -> None:
    """Afterwards the networks have their last weights; where the run had ended, these are read and nothing is done."""
    for step in train(training.networks, training.task, training.loop, training.run):
        progress(step.step, training.loop.steps)
    training.start.model.eval()


def ended(out: Path, setting: Setting, seed: int) -> bool:
    """Has this run been done to its end?"""
    checkpoint = RunFolder(run_place(out, setting, seed)).checkpoint
    return checkpoint.exists() and bool(read_state(checkpoint)["ended"])
