"""bfloat16 against float32, both minirag's: weights and activations in half the bytes.

The tokens may differ, since bfloat16 keeps three digits. What must hold: the float32 model finds bfloat16's answers as likely
as its own, within a hundredth of their log-probability.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from benchmarks.inputs import sources
from benchmarks.job import Case, Disagreement, Job, Prepared, weight_bytes
from benchmarks.jobs.answers import lengths
from benchmarks.models import our_rag

NEAR = 0.01


def side(variant: str, dtype: torch.dtype, case: Case) -> Prepared:
    model = our_rag(variant, case, dtype)
    generate = partial(model.generate, **sources(case), num_beams=case.beams, **lengths(case))
    return Prepared(generate, weight_bytes(model), lambda: exact_nll(variant, case, generate()))


def exact_nll(variant: str, case: Case, answers: Tensor) -> Tensor:
    """−log p(y|x) by the float32 model, of each question."""
    with torch.no_grad():
        return our_rag(variant, case)(**sources(case), labels=answers).loss


def about_as_likely(half: Tensor, full: Tensor) -> None:
    if ((half - full) / full > NEAR).any():
        raise Disagreement(f"bfloat16 found answers of −log p {half.tolist()}, float32 of {full.tolist()}")


def sides(variant: str) -> Mapping[str, Callable[[Case], Prepared]]:
    formats = {"minirag bf16": torch.bfloat16, "minirag fp32": torch.float32}
    return {name: partial(side, variant, dtype) for name, dtype in formats.items()}


TOKEN = Job("RAG-Token, 4 beams, bf16", sides("token"), about_as_likely, dtype="bfloat16")
SEQUENCE = Job("RAG-Sequence thorough, 4 beams, bf16", sides("sequence"), about_as_likely, dtype="bfloat16")
