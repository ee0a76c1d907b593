"""RAG-Sequence fast against thorough, both minirag's: transformers has no fast decoding.

They may choose different answers. What must hold: by the exact likelihood, no answer of fast decoding is better than the
one that thorough decoding found, which scored the same candidates.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.inputs import sources
from benchmarks.job import Case, Disagreement, Job, Prepared, weight_bytes
from benchmarks.jobs.answers import lengths
from benchmarks.models import our_rag

ROUNDING = 1e-3  # nats, of some two hundred


def side(decoding: str, case: Case) -> Prepared:
    model, given = our_rag("sequence", case), sources(case)
    generate = partial(model.generate, **given, num_beams=case.beams, decoding=decoding, **lengths(case))
    return Prepared(generate, weight_bytes(model), lambda: negative_logprobs(model, given, generate()))


def negative_logprobs(model: Any, given: dict[str, Tensor], answers: Tensor) -> Tensor:
    """−log p(y|x), exactly."""
    with torch.no_grad():
        return model(**given, labels=answers).loss


def not_better(fast: Tensor, thorough: Tensor) -> None:
    if (fast < thorough - ROUNDING).any():
        raise Disagreement(f"fast decoding found a better answer than thorough decoding: {fast} is below {thorough}")


SIDES = {"minirag fast": partial(side, "fast"), "minirag thorough": partial(side, "thorough")}
FAST = Job("RAG-Sequence fast, 4 beams", SIDES, not_better)
