"""The course of the learning rate, and what AdamW is told about each parameter."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from minirag.training.learning_rates import adamw, schedule, set_rates
from minirag.training.settings import LoopSettings


@given(st.integers(2, 500), st.integers(0, 100), st.floats(0, 0.9))
def test_the_rate_warms_up_stays_under_its_peak_and_ends_near_the_floor(steps, warmup, decay_from):
    settings = LoopSettings(steps, 1.0, warmup_steps=warmup, decay_from=decay_from, floor=0.02)
    shares = [schedule(step, settings) for step in range(steps)]
    assert all(0 < share <= 1.0 for share in shares)
    assert math.isclose(shares[0], 1 / max(1, warmup))
    assert shares[-1] <= max(0.02, 1 / (steps * (1 - decay_from))) + 1e-12 or warmup > steps - 2
    after = shares[min(steps - 1, warmup) :]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(after))


@given(st.integers(10, 500), st.integers(1, 100))
def test_the_rate_rises_and_falls_in_straight_lines(steps, warmup):
    settings = LoopSettings(steps, warmup_steps=warmup, decay_from=0.5, floor=0.0)
    for step in range(min(warmup, steps // 2)):
        assert math.isclose(schedule(step, settings), (step + 1) / warmup)
    for step in range(max(warmup, steps // 2 + 1), steps):
        assert math.isclose(schedule(step, settings), 2 * (steps - step) / steps)


def test_biases_and_layer_norms_are_not_decayed_and_each_part_has_its_rate():
    model = nn.ModuleDict({"reader": nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), "asker": nn.Linear(2, 2)})
    model["asker"].bias.requires_grad_(False)
    settings = LoopSettings(10, 0.1, learning_rates=(("reader.", 0.5),), weight_decay=0.3)
    optimizer = adamw(model, settings)
    set_rates(optimizer, 0.5)
    told = {id(p): (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]}
    assert {name: told.get(id(parameter)) for name, parameter in model.named_parameters()} == {
        "reader.0.weight": (0.25, 0.3),
        "reader.0.bias": (0.25, 0.0),
        "reader.1.weight": (0.25, 0.0),
        "reader.1.bias": (0.25, 0.0),
        "asker.weight": (0.05, 0.3),
        "asker.bias": None,
    }


def test_the_first_step_of_adam_is_as_long_as_the_rate():
    """m̂ / √v̂ = ±1 at t = 1, whatever the gradient."""
    model = nn.Linear(1, 1)
    before = model.weight.item()
    optimizer = adamw(model, LoopSettings(10, 0.1, weight_decay=0.0))
    set_rates(optimizer, 0.5)
    model.weight.grad = torch.tensor([[1e-3]])
    optimizer.step()
    assert model.weight.item() == pytest.approx(before - 0.05, rel=1e-3)
