"""The training loop: stopped and resumed it ends with the same weights, and a loss that is no number stops it."""

import math
from itertools import islice, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from minirag.training.loop import LoopSettings, learning_rate, steps_done, train

SETTINGS = LoopSettings(steps=12, learning_rate=0.05, warmup_steps=3, bf16=False, checkpoint_every=4)


def line_to_fit() -> tuple[nn.Module, object]:
    torch.manual_seed(0)
    model = nn.Linear(3, 1)

    def loss_at(step: int) -> torch.Tensor:
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        return (model(x) - x.sum(dim=1, keepdim=True)).square().mean()

    return model, loss_at


def test_a_run_that_was_stopped_and_resumed_ends_with_the_weights_of_an_uninterrupted_one(tmp_path):
    whole, loss_at = line_to_fit()
    list(train(whole, loss_at, SETTINGS))
    stopped, loss_at = line_to_fit()
    list(islice(train(stopped, loss_at, SETTINGS, tmp_path / "run"), 6))  # the last checkpoint is that of step 4
    resumed, loss_at = line_to_fit()
    steps = [progress.step for progress in train(resumed, loss_at, SETTINGS, tmp_path / "run")]
    assert steps == list(range(5, 13))
    assert torch.equal(resumed.weight, whole.weight) and torch.equal(resumed.bias, whole.bias)
    assert steps_done(tmp_path / "run") == 12
    assert list(train(resumed, loss_at, SETTINGS, tmp_path / "run")) == []


def test_the_loss_falls():
    model, loss_at = line_to_fit()
    losses = [progress.loss for progress in train(model, loss_at, LoopSettings(200, 0.05, bf16=False))]
    assert losses[-1] < 0.05 * losses[0]


def test_a_loss_that_is_not_finite_stops_before_it_touches_the_weights():
    model, loss_at = line_to_fit()
    seen = []

    def spoiled(step: int) -> torch.Tensor:
        seen.append(model.weight.detach().clone())
        return loss_at(step) * (math.nan if step == 2 else 1.0)

    with pytest.raises(ValueError, match="step 2: the loss is nan"):
        list(train(model, spoiled, SETTINGS))
    assert torch.equal(model.weight, seen[-1]) and not torch.equal(seen[0], seen[-1])


@given(st.integers(2, 500), st.integers(0, 100), st.floats(0, 0.9))
def test_the_rate_warms_up_stays_under_its_peak_and_ends_near_the_floor(steps, warmup, decay_from):
    settings = LoopSettings(steps, 1.0, warmup_steps=warmup, decay_from=decay_from, floor=0.02)
    rates = [learning_rate(step, settings) for step in range(steps)]
    assert all(0 < rate <= 1.0 for rate in rates)
    assert math.isclose(rates[0], 1 / max(1, warmup))
    assert rates[-1] <= max(0.02, 1 / (steps * (1 - decay_from))) + 1e-12 or warmup > steps - 2
    after = rates[min(steps - 1, warmup) :]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(after))
