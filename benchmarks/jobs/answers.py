"""How long is an answer, and which tokens has it? The same for every job that writes some."""

from torch import Tensor

from benchmarks.job import Case
from benchmarks.sizes import PAD


def lengths(case: Case) -> dict[str, int]:
    """Exactly T tokens behind the start token, so that both sides write as much. (max_new_tokens: see deviation 17.)"""
    return {"max_length": case.tokens + 1, "min_length": case.tokens + 1}


def written(ids: Tensor) -> list[list[int]]:
    """Rows of ids without the padding behind them."""
    return [row[row != PAD].tolist() for row in ids]
