"""Are ratios medians of rounds in turn, and are operations and memory those of networks whose figures are known?"""

import pytest
import torch
from torch import nn

from benchmarks.job import Case
from benchmarks.measure import fastest
from benchmarks.memory import forget_the_past, memory_above
from benchmarks.side_by_side import in_turn, ratio, timed
from benchmarks.sizes import part_folder
from benchmarks.work import SIDE, operations, product_operations, products
from minirag.model.attention import KeysValues, fused_attention
from minirag.model.linear import is_fast
from minirag.training.peak_memory import peak_memory


def sides_of(costs, called):
    """Sides that write down when they ran, take what `costs` says and answer it; and the clock that they move."""
    now = [0.0]

    def side(name, seconds):
        def run():
            called.append(name)
            now[0] += seconds[0]
            return seconds.pop(0)

        return run

    return [side(name, list(seconds)) for name, seconds in costs.items()], lambda: now[0]


def test_the_sides_run_in_turn_and_each_round_gives_one_ratio():
    called = []
    runs, clock = sides_of({"A": [1.0, 2.0, 1.0], "B": [3.0, 4.0, 9.0]}, called)
    seconds = in_turn(runs, rounds=3, clock=clock)
    assert called == ["A", "B"] * 3
    assert seconds == [[1.0, 2.0, 1.0], [3.0, 4.0, 9.0]]
    found = ratio(*seconds)
    assert (found.median, found.low, found.high) == (3.0, 2.0, 9.0)  # of 3, 2 and 9: the mean would be 4.7


def test_after_enough_seconds_no_round_begins_but_three_there_are():
    runs, clock = sides_of({"A": [5.0] * 9}, [])
    assert len(in_turn(runs, rounds=9, enough=1.0, clock=clock)[0]) == 3
    runs, clock = sides_of({"A": [5.0] * 9}, [])
    assert len(in_turn(runs, rounds=9, enough=21.0, clock=clock)[0]) == 5
    runs, clock = sides_of({"A": [5.0] * 9}, [])
    assert len(in_turn(runs, rounds=2, enough=1.0, clock=clock)[0]) == 2


def test_short_runs_have_further_rounds_until_they_say_something():
    runs, clock = sides_of({"A": [0.25] * 50}, [])
    assert len(in_turn(runs, rounds=3, clock=clock, least=2.0)[0]) == 8
    runs, clock = sides_of({"A": [0.25] * 50}, [])
    assert len(in_turn(runs, rounds=3, enough=1.0, clock=clock, least=2.0)[0]) == 5


def test_a_run_takes_what_the_clock_says():
    (run,), clock = sides_of({"A": [5.0]}, [])
    assert timed(run, clock) == 5.0


def test_the_operations_of_a_linear_layer_and_its_gradient_are_counted():
    layer, states = nn.Linear(5, 7), torch.randn(3, 5, requires_grad=True)
    assert operations(lambda: layer(states)) == 2 * 3 * 5 * 7
    assert operations(lambda: layer(states).sum().backward()) == 3 * (2 * 3 * 5 * 7)


@pytest.mark.parametrize(("queries", "width"), [(6, 16), (1, 16), (6, 3)])
def test_the_operations_of_attention_are_two_products_whichever_way_torch_computes_it(queries, width):
    asked, attended = torch.randn(2, 3, queries, width), torch.randn(2, 3, 9, width)
    mask = torch.ones(2, 1, 1, 9, dtype=torch.bool)
    counted = operations(lambda: fused_attention(asked, KeysValues(attended, attended), mask))
    assert counted == 2 * (2 * 2 * 3 * queries * 9 * width)


def test_the_gradient_of_attention_is_five_products():
    """Scores again, and the gradients of weights, values, queries and keys."""
    asked, attended = (torch.randn(2, 3, 9, 16, requires_grad=True) for _ in range(2))
    one = 2 * 2 * 3 * 9 * 9 * 16
    assert operations(lambda: fused_attention(asked, KeysValues(attended, attended), None).sum().backward()) == 7 * one


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_peak_is_that_of_one_matrix_product_by_each_library_that_there_is(dtype, monkeypatch):
    monkeypatch.setitem(SIDE, "cpu", 64)
    counted = [operations(run) for run in products("cpu", dtype)]
    assert counted == [product_operations("cpu")] * (2 if is_fast(getattr(torch, dtype)) else 1)


def test_the_fastest_product_counts(monkeypatch):
    monkeypatch.setattr("benchmarks.measure.timed", lambda run: run())
    assert fastest([lambda: 3.0, lambda: 2.0]) == 2.0


def test_the_peak_counts_from_now_on_and_what_was_held_before_is_forgotten():
    here, size = torch.device("cpu"), 100_000_000
    forget_the_past(here)
    before = peak_memory(here)
    held = torch.ones(size // 4)
    assert 0.9 * size < peak_memory(here) - before < 1.2 * size
    del held
    forget_the_past(here)
    assert peak_memory(here) - before < 0.2 * size


@pytest.mark.slow  # a process that imports torch, twice
def test_memory_is_measured_above_the_weights_in_a_process_of_its_own():
    """Three more questions hold 600 more rows of 300 states in each layer."""
    for part in ("question", "generator"):
        part_folder("tiny", part)
    few, many = (memory_above("training_token", "minirag", Case("tiny", B, 5, tokens=40)) for B in (1, 4))
    assert many > few + 20e6
