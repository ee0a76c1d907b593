"""What is there to do, how long will it take, and doing it: every fine-tuning once, every evaluation once.

Paper     RAG §3, §4
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/experiments/test_work.py

Tables share their runs: RAG-Token of table 1 is the learned retriever of table 6. Whatever lies in OUT is not done again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch

from minirag.experiments.answers import Answers, answers_place, ask, read_answers, write_answers
from minirag.experiments.hot_swap import swapped_base
from minirag.experiments.rows import Experiment, Setting, training_name
from minirag.experiments.runs import Training, ended, fine_tune, prepare, run_place
from minirag.experiments.size import Size
from minirag.experiments.world import World, questions_for
from minirag.training.loop import Task
from minirag.training.machine import seconds_and_machine
from minirag.training.rehearsal import rehearse
from minirag.training.run_folder import RunFolder

Bar = Callable[[str], AbstractContextManager[Callable[[int, int | None], None]]]
TRIED = 8  # questions that are asked to see how long it takes
# In units of one passage read with one beam; measured with the demo:
A_BEAM_MORE = 0.1
A_CANDIDATE = 0.1  # scored with one passage: thorough decoding has up to n_docs² · beams of them


@dataclass(frozen=True)
class Job:
    """One fine-tuning with its seed, and the evaluations of it that are missing."""

    seed: int
    settings: tuple[Setting, ...]
    trained: bool

    @property
    def training(self) -> Setting:
        return self.settings[0]


@dataclass(frozen=True)
class Estimate:
    """Trainings and evaluations to come, the steps and questions that they have, and the seconds that they should "
    "take."""

    trainings: int
    steps: int
    evaluations: int
    questions: int
    seconds: float


@dataclass(frozen=True)
class Done:
    """A line for whoever watches."""

    name: str
    seed: int
    setting: Setting
    exact_match: float
    seconds: float


def jobs(experiments: Sequence[Experiment], size: Size, out: Path) -> list[Job]:
    """All seeds of a fine-tuning after each other; what lies in `out` is left out."""
    wanted: dict[str, dict[Setting, None]] = {}
    for experiment in experiments:
        for row in experiment.rows:
            wanted.setdefault(training_name(row.setting), {})[row.setting] = None
    found = []
    for settings in wanted.values():
        for seed in range(size.seeds):
            missing = tuple(each for each in settings if not answers_place(out, each, seed).exists())
            if missing:
                found.append(Job(seed, missing, ended(out, missing[0], seed)))
    return found


def estimate(
    work: Sequence[Job], world: World, size: Size, usual: Setting, place: Path, device: torch.device
) -> Estimate:
    """From one step of the usual fine-tuning and a few questions; what is cheaper is taken to cost as much."""
    training = prepare(world, size, usual, 0, place, device)
    own = Task(training.task.objective)
    a_step = rehearse(training.networks, own, training.loop).seconds / training.loop.steps
    training.start.model.eval()
    tried = questions_for(world, usual)[:TRIED]
    began = time.monotonic()
    ask(training.start.model, usual, tried, device, lambda done, total: None)
    a_passage = (time.monotonic() - began) / (len(tried) * usual.n_docs)
    to_train = [job.training for job in work if not job.trained]
    to_ask = [setting for job in work for setting in job.settings]
    steps = sum(setting.steps for setting in to_train)
    seconds = steps * a_step + sum(passages_read(setting) for setting in to_ask) * a_passage
    return Estimate(len(to_train), steps, len(to_ask), sum(each.asked for each in to_ask), seconds)


def passages_read(setting: Setting) -> float:
    """What an evaluation costs, in passages."""
    count, beams = setting.n_docs, setting.num_beams
    scored = count * count * beams if setting.likelihood == "sequence" and setting.decoding == "thorough" else 0
    return setting.asked * (count * (1 + A_BEAM_MORE * (beams - 1)) + A_CANDIDATE * scored)


def do(work: Sequence[Job], world: World, size: Size, out: Path, device: torch.device, bar: Bar) -> Iterator[Done]:
    """Fine-tune, ask, write down; yields after each evaluation. Stopped at any moment, it goes on when called again."""
    for job in work:
        training = prepare(world, size, job.training, job.seed, out, device)
        name = f"{training_name(job.training)}, seed {job.seed}"
        with bar(name) as progress:
            fine_tune(training, progress)
        for setting in job.settings:
            with bar(f"{name}, asked") as progress:
                answers = asked(training, setting, world, out, device, progress)
            write_answers(answers_place(out, setting, job.seed), answers)
            yield Done(name, job.seed, setting, mean_of(answers), answers.seconds)


def asked(
    training: Training,
    setting: Setting,
    world: World,
    out: Path,
    device: torch.device,
    progress: Callable[[int, int | None], None],
) -> Answers:
    """Over the knowledge base of the row."""
    model, retriever = training.start.model, training.start.model.retriever
    if setting.index == "own" or retriever is None:
        return ask(model, setting, questions_for(world, setting), device, progress)
    assert world.facts is not None  # the catalogue has looked
    own = retriever.knowledge_base
    retriever.knowledge_base = swapped_base(training.start, world.facts, out / "swapped")
    try:
        return ask(model, setting, questions_for(world, setting), device, progress)
    finally:
        retriever.knowledge_base = own


def mean_of(answers: Answers) -> float:
    values = [value for value in answers.columns["exact_match"] if value is not None]
    return sum(values) / len(values)


def results(experiment: Experiment, size: Size, out: Path) -> dict[str, list[Answers]]:
    """Row → its answers, one for each seed."""
    return {
        row.name: [read_answers(answers_place(out, row.setting, seed)) for seed in range(size.seeds)]
        for row in experiment.rows
    }


def training_times(experiment: Experiment, size: Size, out: Path) -> dict[str, list[tuple[float, str]]]:
    """Row → seconds and machine of each of its fine-tunings."""
    return {
        row.name: [seconds_and_machine(RunFolder(run_place(out, row.setting, seed))) for seed in range(size.seeds)]
        for row in experiment.rows
    }
