"""bfloat16 against float32, both minirag's: weights and activations in half the bytes.

The tokens may differ, since bfloat16 keeps three digits. What must hold: both give the same answers, random ones, the same
log-probability within a hundredth.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.inputs import sources, training_batch
from benchmarks.job import Case, Job, Prepared, same_numbers, weight_bytes
from benchmarks.jobs.answers import lengths
from benchmarks.models import our_rag

NEAR = 0.01


def side(variant: str, dtype: torch.dtype, case: Case) -> Prepared:
    model = our_rag(variant, case, dtype)
    generate = partial(model.generate, **sources(case), num_beams=case.beams, **lengths(case))
    return Prepared(generate, weight_bytes(model), lambda: nll(model, case))


def nll(model: Any, case: Case) -> Tensor:
    """−log p(y|x) of given answers."""
    with torch.no_grad():
        return model(**sources(case), labels=training_batch(case)["labels"]).loss.float()


def sides(variant: str) -> Mapping[str, Callable[[Case], Prepared]]:
    formats = {"minirag bf16": torch.bfloat16, "minirag fp32": torch.float32}
    return {name: partial(side, variant, dtype) for name, dtype in formats.items()}


near, DTYPES = partial(same_numbers, tolerance=NEAR), ("bfloat16", "float32")
TOKEN = Job("RAG-Token, 4 beams, bf16", sides("token"), near, dtypes=DTYPES)
SEQUENCE = Job("RAG-Sequence thorough, 4 beams, bf16", sides("sequence"), near, dtypes=DTYPES)
