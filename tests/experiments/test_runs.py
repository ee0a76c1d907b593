"""A fine-tuning: what it trains, and that it is done once."""

from dataclasses import replace

import pytest
import torch

from minirag.experiments.runs import ended, fine_tune, prepare, run_place
from minirag.experiments.size import usual
from minirag.training.machine import seconds_and_machine
from tests.experiments.small_world import SIZE, small_world

CPU = torch.device("cpu")


def quiet(done, total):
    """Nobody watches."""


@pytest.fixture
def prepared(tiny_folder, tmp_path):
    def prepare_run(setting, seed=0):
        return prepare(small_world(tiny_folder), SIZE, setting, seed, tmp_path, CPU)

    return prepare_run


@pytest.mark.parametrize(
    ("retriever", "trained"),
    [
        ("learned", {"generator", "question_encoder"}),
        ("frozen", {"generator"}),
        ("bm25", {"generator"}),
        ("closed-book", {"generator"}),
    ],
)
def test_the_retriever_says_what_is_trained(prepared, retriever, trained):
    assert set(prepared(usual(SIZE, retriever)).networks.keys()) == trained


def test_a_finished_run_is_read_and_not_done_again(prepared, tmp_path):
    setting, first = usual(SIZE), prepared(usual(SIZE))
    before = [p.clone() for p in first.networks.parameters()]
    assert not ended(tmp_path, setting, 0)
    fine_tune(first, quiet)
    assert ended(tmp_path, setting, 0)
    assert not all(map(torch.equal, before, first.networks.parameters()))
    second, steps = prepared(setting), []
    fine_tune(second, lambda done, total: steps.append(done))
    assert steps == []
    assert all(map(torch.equal, first.networks.parameters(), second.networks.parameters()))
    seconds, machine = seconds_and_machine(first.run)
    assert seconds > 0 and "torch" in machine


def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_weights(prepared, tmp_path, tiny_folder):
    def stopped(done, total):
        raise KeyboardInterrupt

    first = prepared(usual(SIZE))
    with pytest.raises(KeyboardInterrupt):
        fine_tune(first, stopped)
    assert not ended(tmp_path, usual(SIZE), 0)
    second, steps = prepared(usual(SIZE)), []
    fine_tune(second, lambda done, total: steps.append(done))
    assert steps == [2]
    whole = prepare(small_world(tiny_folder), SIZE, usual(SIZE), 0, tmp_path / "whole", CPU)
    fine_tune(whole, quiet)
    assert all(map(torch.equal, whole.networks.parameters(), second.networks.parameters()))


def test_seeds_differ_in_the_order_of_the_questions_and_begin_alike(prepared):
    one, other = prepared(usual(SIZE), 0), prepared(usual(SIZE), 1)
    assert all(map(torch.equal, one.networks.parameters(), other.networks.parameters()))
    assert [one.task.describe(step) for step in range(4)] != [other.task.describe(step) for step in range(4)]


def test_only_a_run_that_may_collapse_is_measured_on_its_way(prepared, tmp_path):
    assert prepared(usual(SIZE)).task.measure is None
    watched = prepared(replace(usual(SIZE), encoder_rate=1e-3))
    fine_tune(watched, quiet)
    lines = (run_place(tmp_path, replace(usual(SIZE), encoder_rate=1e-3), 0) / "metrics.jsonl").read_text()
    assert lines.count("distinct_passages") == 3  # before the first step, and after each
