"""How far could a mean be off, had other questions of the same kind been asked? The percentile bootstrap.

Paper     Efron 1979; Efron and Tibshirani 1993, ch. 13 (percentile interval)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_bootstrap.py

From N values, N are drawn with replacement, many times; 95 % of the means of these samples lie in the interval. It says
nothing of what another seed of the training would give, and has no width where all values are alike (all right, all wrong).
Axes: N questions, M measures.
"""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

RESAMPLES = 10_000
LEVEL = 0.95
DRAWS_AT_ONCE = 2_000_000  # 16 MB of indices


def bootstrap_intervals(
    values: Float[Tensor, "N M"], resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0
) -> Float64[Tensor, "M 2"]:
    """Low and high end for the mean of each column; all columns see the same samples of the questions.

    The same numbers whenever it is called. For the difference of two systems give the differences of their values.
    ValueError: no values, no resamples, a level that is not between 0 and 1.
    """
    if len(values) == 0:
        raise ValueError("no values to draw from")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"resamples={resamples} must be at least 1, level={level} between 0 and 1")
    means = resampled_means(values.double().cpu(), resamples, torch.Generator().manual_seed(seed))
    ends = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    return means.quantile(ends, dim=0).T.contiguous()  # (M, 2)


def resampled_means(
    values: Float64[Tensor, "N M"], resamples: int, generator: torch.Generator
) -> Float64[Tensor, "resamples M"]:
    """Σ_n c_n v_n / N, where c_n counts how often question n was drawn."""
    count = len(values)
    means = []
    for drawn in torch.arange(resamples).split(max(1, DRAWS_AT_ONCE // count)):
        chosen = torch.randint(count, (len(drawn), count), generator=generator)
        counts = torch.zeros(len(drawn), count, dtype=torch.float64)
        counts.scatter_add_(1, chosen, torch.ones(()).double().expand_as(counts))
        means.append(counts @ values / count)
    return torch.cat(means)
