"""What can an answer table look like? Hypothesis strategies that several tests share.

Shapes, lengths and masks are drawn one by one, so that hypothesis can shrink them; the numbers come from a drawn seed.
Everything is float64. K = 1, T = 1, missing passages and ragged answers all occur.
"""

from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor


@dataclass(frozen=True)
class AnswerTable:
    """What the likelihood functions read, and what it was made of. Padded tokens and missing passages hold NaN."""

    doc_scores: Tensor  # (B, K)
    doc_mask: Tensor  # (B, K)
    logits: Tensor  # (B, K, T, V)
    targets: Tensor  # (B, T)
    mask: Tensor  # (B, T)


@st.composite
def lengths(draw: st.DrawFn, rows: int, longest: int) -> list[int]:
    """One length from 1 to `longest` per row."""
    return draw(st.lists(st.integers(1, longest), min_size=rows, max_size=rows))


def ragged_mask(row_lengths: list[int], longest: int) -> Tensor:
    """True for the first tokens of each row: (rows, longest)."""
    return torch.arange(longest)[None, :] < torch.tensor(row_lengths)[:, None]


@st.composite
def passage_masks(draw: st.DrawFn, questions: int, passages: int) -> Tensor:
    """Any passage may be missing, but one of each question is there."""
    rows = draw(
        st.lists(
            st.lists(st.booleans(), min_size=passages, max_size=passages).filter(any),
            min_size=questions,
            max_size=questions,
        )
    )
    return torch.tensor(rows, dtype=torch.bool)


@st.composite
def answer_tables(
    draw: st.DrawFn, max_passages: int = 4, max_tokens: int = 4, min_passages: int = 1, all_passages: bool = False
) -> AnswerTable:
    B, V = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    K, T = draw(st.integers(min_passages, max_passages)), draw(st.integers(1, max_tokens))
    doc_mask = torch.ones(B, K, dtype=torch.bool) if all_passages else draw(passage_masks(B, K))
    mask = ragged_mask(draw(lengths(B, T)), T)
    seed, spread = draw(st.integers(0, 2**31 - 1)), draw(st.sampled_from([0.1, 1.0, 10.0]))
    generator = torch.Generator().manual_seed(seed)
    doc_scores = spread * torch.randn(B, K, generator=generator, dtype=torch.float64)
    logits = spread * torch.randn(B, K, T, V, generator=generator, dtype=torch.float64)
    targets = torch.randint(V, (B, T), generator=generator)
    return AnswerTable(
        doc_scores=doc_scores.masked_fill(~doc_mask, float("nan")),
        doc_mask=doc_mask,
        logits=logits.masked_fill(~(doc_mask[:, :, None] & mask[:, None, :])[..., None], float("nan")),
        targets=targets.masked_fill(~mask, -100),
        mask=mask,
    )


@st.composite
def next_token_tables(draw: st.DrawFn, max_vocabulary: int = 4, max_length: int = 4) -> tuple[int, int, int]:
    """(V, max_length, seed) of a table of next-token log-probabilities: see tests/decoding/tabled_model.py."""
    return (
        draw(st.integers(2, max_vocabulary)),
        draw(st.integers(2, max_length)),
        draw(st.integers(0, 2**31 - 1)),
    )
