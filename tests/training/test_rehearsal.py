"""A batch is tried before the first step; afterwards everything is as it was, and what it foretold comes true."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from minirag.training.loop import Task, train
from minirag.training.rehearsal import measures_left, rehearse
from tests.training.test_loop import SETTINGS, line_to_fit, same

MEASURED = """
import json, torch
from minirag.configuration import BertConfig
from minirag.model.dpr import DPRContextEncoder
from minirag.training.accumulation import in_one_part
from minirag.training.loop import Task, train
from minirag.training.peak_memory import peak_memory
from minirag.training.rehearsal import rehearse
from minirag.training.settings import LoopSettings

sizes = dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=512)
model = DPRContextEncoder(BertConfig(vocab_size=2000, **sizes))
ids, mask = torch.randint(5, 2000, (24, 256)), torch.ones(24, 256, dtype=torch.bool)
task = Task(in_one_part(lambda step: model(ids, mask).pooler_output.square().mean(), torch.device("cpu"), False))
settings = LoopSettings(2, bf16=False)
before = peak_memory(torch.device("cpu"))
foretold = rehearse(model, task, settings).memory
list(train(model, task, settings))
print(json.dumps([before, foretold, peak_memory(torch.device("cpu"))]))
"""


def test_a_rehearsal_leaves_weights_gradients_and_random_states_alone():
    (rehearsed, task), (model, other) = line_to_fit(), line_to_fit()
    state = torch.get_rng_state()
    rehearse(rehearsed, task, SETTINGS)
    assert torch.equal(torch.get_rng_state(), state) and same(rehearsed, model)
    assert all(parameter.grad is None for parameter in rehearsed.parameters())
    list(train(rehearsed, task, SETTINGS)), list(train(model, other, SETTINGS))
    assert same(rehearsed, model)


def test_the_batch_that_needs_most_and_the_next_one_are_tried():
    model, task = line_to_fit()
    tried = []
    watched = Task(lambda step: tried.append(step) or task.objective(step), largest=7)
    plan = rehearse(model, watched, SETTINGS, steps_per_epoch=2, done=4)
    assert tried == [7, 4]
    assert (plan.steps, plan.epochs, plan.measures) == (8, 4.0, 0) and plan.seconds > 0


def test_a_batch_that_does_not_fit_is_one_line_with_a_way_out():
    def too_large(step: int) -> float:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n20 GiB")

    with pytest.raises(ValueError, match=r"^the largest batch does not fit into the GPU's memory: try --accumulate"):
        rehearse(line_to_fit()[0], Task(too_large), SETTINGS)


@pytest.mark.parametrize(
    ("every", "first", "done", "left"),
    [(0, False, 0, 1), (0, True, 0, 2), (4, False, 0, 3), (5, False, 0, 3), (5, False, 5, 2), (5, True, 10, 1)],
)
def test_measures_are_counted(every, first, done, left):
    settings = replace(SETTINGS, measure_every=every, measure_first=first)
    assert measures_left(settings, done) == left
    model, task = line_to_fit()
    if done == 0:
        steps = train(model, replace(task, measure=lambda: {"f1": 1.0}), settings)
        assert sum(bool(progress.measured) for progress in steps) == left


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not say")
def test_the_memory_that_is_foretold_is_about_what_is_then_taken(tmp_path):
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)
    before, foretold, taken = json.loads(done.stdout)
    assert 0.5 < (foretold - before) / (taken - before) < 1.5
