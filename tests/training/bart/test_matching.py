"""Where the words of a question stand in the passage, and that two heads learn to look there."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.bart.matching import common_tokens, matched_tokens, matches, matching_loss
from minirag.training.guided_attention import marked

SOURCE = [0, 7, 8, 9, 7, 5, 3, 7, 9, 11, 2]  # the question begins at 6


def test_the_same_tokens_on_both_sides_match():
    assert matches(SOURCE, 6, frozenset()) == [(1, 7), (3, 8), (4, 7)]
    assert matches(SOURCE, 6, frozenset({7})) == [(3, 8)]
    assert matched_tokens(matches(SOURCE, 6, frozenset())) == (3, 2)


@given(st.lists(st.integers(0, 5), min_size=4, max_size=30), st.data())
def test_a_match_is_between_a_token_of_the_passage_and_one_of_the_question(source, data):
    question = data.draw(st.integers(1, len(source) - 1))
    for passage, asked in matches(source, question, frozenset({0})):
        assert 0 < passage < question <= asked < len(source) - 1
        assert source[passage] == source[asked] != 0


def test_common_tokens_are_the_most_frequent():
    assert common_tokens([[1, 1, 2], [2, 3, 1]], 2) == {1, 2}
    assert common_tokens([[4, 3]], 1) == {3}


def test_the_loss_is_zero_where_both_heads_look_right_and_counts_the_whole_batch():
    matched = matches(SOURCE, 6, frozenset())
    places = marked([matched], len(SOURCE), len(SOURCE))
    right = torch.zeros(1, 3, len(SOURCE), len(SOURCE))
    right[:, 0][places] = 1.0
    right[:, 1][places.mT] = 0.5  # of two places each
    right[0, 1, 8, 3] = 1.0
    assert matching_loss(right, places, (3, 2)).abs() < 1e-5
    even = torch.full_like(right, 0.1)
    wanted = -torch.tensor(0.1).log() - (torch.tensor(0.2).log() + torch.tensor(0.1).log()) / 2
    torch.testing.assert_close(matching_loss(even, places, (3, 2)), wanted, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(matching_loss(even, places, (6, 4)), wanted / 2, atol=1e-4, rtol=1e-4)


def test_nothing_to_match_costs_nothing():
    assert matching_loss(torch.rand(1, 2, 4, 4), marked([[]], 4, 4), (0, 0)) == 0.0
