"""Is one argument of a call what it must be? ValueError names it, before anything is computed with it.

Paper     none
Tutorial  tutorials/12_rag_model.py
Tests     tests/rag/test_refusals.py

Everything is `Any` until it has been looked at: jaxtyping's annotations are checked in tests only.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def check_tensor(name: str, value: Any, kind: str, axes: int) -> None:
    """`kind`: "integer", "floating-point" or "bool or integer"."""
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} is a {type(value).__name__}: a tensor is needed")
    floating, boolean = value.is_floating_point(), value.dtype == torch.bool
    if not {"integer": not floating and not boolean, "floating-point": floating, "bool or integer": not floating}[kind]:
        raise ValueError(f"{name} is {str(value.dtype).removeprefix('torch.')}: {kind} values are needed")
    if value.dim() != axes or 0 in value.shape:
        raise ValueError(f"{name} of shape {list(value.shape)}: {axes} axes are needed, none of length 0")


def check_ids(name: str, ids: Any, vocab_size: int, ignored: int | None = None) -> None:
    """Token ids (rows, length), each a row of an embedding table, or `ignored`."""
    check_tensor(name, ids, "integer", 2)
    wrong = ids[((ids < 0) | (ids >= vocab_size)) & (ids != ignored if ignored is not None else True)]
    if len(wrong):
        raise ValueError(f"{name} hold {wrong[0].item()}, which is not in a vocabulary of {vocab_size}")


def check_mask(name: str, mask: Any, shape: Sequence[int]) -> None:
    check_tensor(name, mask, "bool or integer", len(shape))
    if list(mask.shape) != list(shape):
        raise ValueError(f"{name} of shape {list(mask.shape)}: {list(shape)} is needed")
    if not ((mask == 0) | (mask == 1)).all():
        raise ValueError(f"{name} hold other values than 0 and 1")


def check_rows_are_real(name: str, mask: Bool[Tensor, "rows length"]) -> None:
    """Attention over nothing, and a prior over nothing, are NaN."""
    if not mask.any(dim=1).all():
        raise ValueError(f"{name}: row {int(mask.any(dim=1).int().argmin())} is 0 everywhere")


def check_finite(doc_scores: Float[Tensor, "B K"], doc_mask: Bool[Tensor, "B K"]) -> None:
    if not doc_scores[doc_mask].isfinite().all():
        raise ValueError("doc_scores hold NaN or infinity: a passage that is not there is False in doc_mask")


def check_n_docs(n_docs: Any) -> None:
    if isinstance(n_docs, bool) or not isinstance(n_docs, int) or n_docs < 1:
        raise ValueError(f"n_docs={n_docs!r} is not a whole number of at least 1")


def check_same_n_docs(n_docs: int | None, doc_scores: Float[Tensor, "B K"]) -> None:
    if n_docs is not None and n_docs != doc_scores.shape[1]:
        raise ValueError(f"n_docs={n_docs}, but doc_scores hold {doc_scores.shape[1]} passages per question")


def check_strings(questions: Any) -> None:
    if isinstance(questions, str) or not all(isinstance(question, str) for question in questions):
        raise ValueError("questions must be a list of strings")
    if not questions:
        raise ValueError("questions is empty: no question was given")
