"""A generator that takes a course: what it learns from, what is measured, and what is written down of a batch at fault."""

import pytest

from minirag.training.bart.measures import exams_of_questions
from minirag.training.bart.task import Objective, bart_task
from minirag.training.loop import train
from minirag.training.processes import Processes
from minirag.training.settings import LoopSettings
from tests.training.bart.small_course import ASKED, small_course, small_generator

HELPED = Objective(guidance=0.5, matching=0.5)


def gradients(generator):
    return [parameter.grad.clone() for parameter in generator.parameters()]


def test_a_few_steps_of_every_kind_lower_the_loss(tmp_path):
    generator, course = small_generator(), small_course(tmp_path)
    exams = exams_of_questions(ASKED, None, course.form, 3)
    task = bart_task(generator, course, exams, Objective(2, 0.1, guidance=0.5, help_steps=20))
    before = task.measure()
    steps = list(train(generator, task, LoopSettings(steps=30, learning_rate=0.01, warmup_steps=5)))
    assert task.measure()["nll_per_token"] < before["nll_per_token"] - 1
    assert steps[-1].measured.keys() == {"nll_per_token", "nll_per_answer", "exact_match", "f1"}


def test_the_shares_of_two_processes_add_up(tmp_path):
    course = small_course(tmp_path)
    generator = small_generator()
    alone = bart_task(generator, course, [], HELPED).objective(0)
    whole = gradients(generator)
    generator.zero_grad()
    shares = [bart_task(generator, course, [], HELPED, processes=Processes(rank, 2)) for rank in (0, 1)]
    assert sum(task.objective(0) for task in shares) == pytest.approx(alone, rel=1e-5)
    assert all(one.allclose(other, atol=1e-5) for one, other in zip(gradients(generator), whole, strict=True))


def test_a_batch_is_described_in_words(tmp_path):
    course = small_course(tmp_path, {"questions": 1.0}, batch_size=1)
    (row,) = bart_task(small_generator(), course, []).describe(0)
    assert row["source"].startswith("<s>Title") and row["target"].endswith("</s>")


def test_sources_that_grow_are_tried_when_they_have_grown(tmp_path):
    course = small_course(tmp_path, shortest=20, growing=10)
    assert bart_task(small_generator(), course, []).largest >= 10
