"""Encoding rows of like length together changes no state of a real token, and computes hardly any padding."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.model.by_length import SHORTEST, encode_by_length, groups_of_like_length
from tests.model.networks import bart, ragged_ids

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@given(LENGTHS, st.integers(0, 50), st.booleans())
def test_real_tokens_have_the_states_of_one_big_batch_and_padding_has_none(lengths, seed, left):
    model = bart()
    ids, mask = ragged_ids(lengths, seed)
    if left:
        ids, mask = ids.flip(1), mask.flip(1)
    grouped = encode_by_length(model, ids, mask).last_hidden_state
    together = model.encode(ids, mask).last_hidden_state
    torch.testing.assert_close(grouped[mask], together[mask], atol=1e-5, rtol=1e-5)
    assert (grouped[~mask] == 0).all()


@given(st.lists(st.integers(1, 300), min_size=1, max_size=30))
def test_every_row_is_in_one_group_and_nearly_as_long_as_its_longest(lengths):
    groups = groups_of_like_length(lengths)
    assert sorted(row for group in groups for row in group) == list(range(len(lengths)))
    for group in groups:
        assert min(lengths[row] for row in group) >= SHORTEST * lengths[group[0]]
        assert max(lengths[row] for row in group) == lengths[group[0]]


def test_rows_a_little_shorter_share_a_group_and_others_begin_one():
    assert groups_of_like_length([90, 100, 89, 20, 100]) == [[1, 4, 0], [2], [3]]


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match=r"^there is no row to encode$"):
        encode_by_length(bart(), torch.zeros(0, 3, dtype=torch.long), torch.zeros(0, 3, dtype=torch.bool))
