"""Bootstrap intervals: the same whenever drawn, as wide as the textbook says, and of differences as of values."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.evaluation.bootstrap import bootstrap_intervals


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 3))
def test_the_ends_lie_among_the_values_and_are_the_same_again(values, seed):
    column = torch.tensor(values, dtype=torch.float64)[:, None]
    ((low, high),) = bootstrap_intervals(column, resamples=50, seed=seed).tolist()
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert torch.equal(bootstrap_intervals(column, 50, seed=seed), bootstrap_intervals(column, 50, seed=seed))


@pytest.mark.parametrize(("count", "share"), [(400, 0.5), (1000, 0.9)])
def test_a_share_has_the_interval_of_the_binomial_distribution(count, share):
    right = (torch.arange(count) < share * count).double()[:, None]
    ((low, high),) = bootstrap_intervals(right).tolist()
    half = 1.96 * math.sqrt(share * (1 - share) / count)
    assert low == pytest.approx(share - half, abs=0.05 * half + 1 / count)
    assert high == pytest.approx(share + half, abs=0.05 * half + 1 / count)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    draws = torch.rand(200, 60, generator=torch.Generator().manual_seed(0)).double()  # 200 experiments, true mean 0.5
    ends = bootstrap_intervals(draws.T.contiguous(), resamples=1000)
    covered = ((ends[:, 0] <= 0.5) & (ends[:, 1] >= 0.5)).double().mean().item()
    assert 0.89 <= covered <= 0.99


def test_columns_see_the_same_samples():
    values = torch.rand(40, 1, generator=torch.Generator().manual_seed(1)).double()
    one, shifted = bootstrap_intervals(torch.cat([values, values + 1], dim=1), resamples=300)
    assert torch.allclose(one + 1, shifted)
    assert torch.allclose(bootstrap_intervals(values, resamples=300)[0], one)


def test_it_does_not_matter_how_many_samples_are_drawn_at_once(monkeypatch):
    values = torch.rand(50, 2, generator=torch.Generator().manual_seed(2)).double()
    together = bootstrap_intervals(values, resamples=100)
    monkeypatch.setattr("minirag.evaluation.bootstrap.DRAWS_AT_ONCE", 500)
    assert torch.equal(bootstrap_intervals(values, resamples=100), together)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="no values"):
        bootstrap_intervals(torch.zeros(0, 1))
    with pytest.raises(ValueError, match="resamples=0"):
        bootstrap_intervals(torch.zeros(3, 1), resamples=0)
    with pytest.raises(ValueError, match="level=1"):
        bootstrap_intervals(torch.zeros(3, 1), level=1.0)
