"""The best tokens by blocks are those of torch.topk, and little else is looked at."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.decoding import best_tokens as module
from minirag.decoding.best_tokens import best_tokens

NEVER = float("-inf")


@given(
    st.lists(st.integers(1, 3), max_size=2),
    st.integers(1, 90),
    st.integers(1, 12),
    st.integers(1, 7),
    st.integers(0, 999),
)
def test_the_best_by_blocks_are_the_best(rows, V, count, block, seed):
    random = torch.Generator().manual_seed(seed)
    scores = torch.randperm(10_000, generator=random)[: torch.Size(rows).numel() * V].view(*rows, V).float()  # no ties
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        best, tokens = best_tokens(scores, count)
    expected = scores.topk(min(count, V))
    assert torch.equal(best, expected.values) and torch.equal(tokens, expected.indices)


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 5), st.integers(0, 99))
def test_equal_and_impossible_ones_are_told_apart_by_their_scores_alone(V, count, kinds, seed):
    random = torch.Generator().manual_seed(seed)
    scores = torch.tensor([0.0, -1.0, NEVER, 2.0, NEVER])[torch.randint(kinds, (3, V), generator=random)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 4)
        best, tokens = best_tokens(scores, count)
    assert torch.equal(best, scores.topk(min(count, V)).values)
    assert torch.equal(scores.gather(1, tokens), best)
    assert all(len(set(row)) == len(row) for row in tokens.tolist())


def test_a_score_that_is_no_number_is_not_lost():
    scores = torch.zeros(1, 1000)
    scores[0, 777] = torch.nan
    best, tokens = best_tokens(scores, 2)
    assert best[0, 0].isnan() and tokens[0, 0] == 777
