"""Guided attention: which source token each target token was copied from, and the loss that points there."""

import math
from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.demo.lessons import Mix, lessons
from minirag.training.guided_attention import copied_from, guidance_loss, marked
from minirag.training.vocabulary import pieces_of
from minirag.world.invented import Inventor
from tests.small_tokenizers import byte_level

tokens = st.integers(4, 9)


@given(st.lists(tokens, max_size=6), st.lists(tokens, min_size=1, max_size=4), st.lists(tokens, max_size=6))
def test_an_answer_was_copied_from_each_place_where_it_stands_whole(before, answer, after):
    source = [*before, *answer, *after]
    places = copied_from([source], [answer])[0]
    for t, token in enumerate(answer):
        found = places[t].nonzero().flatten().tolist()
        assert len(before) + t in found
        assert all(source[s] == token and source[s - t : s - t + len(answer)] == answer for s in found)


@given(st.integers(0, 2000))
def test_a_mended_passage_is_aligned_in_order_and_only_to_equal_tokens(seed):
    tokenizer = byte_level()
    inventor = Inventor(pieces_of(tokenizer))
    lesson = lessons(inventor, Mix(2, mending=1.0, misleading=0.0), 1, Random(seed))[0]
    source, target = tokenizer.encode(lesson.source), tokenizer.encode(lesson.target)[1:-1]
    found = copied_from([source], [target])[0].nonzero().tolist()
    assert all(source[s] == target[t] for t, s in found)
    assert found == sorted(found, key=lambda pair: pair[1])


def test_what_stands_nowhere_in_the_source_is_not_aligned():
    assert not copied_from([[4, 5, 6]], [[7, 8]]).any()


@given(st.lists(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 4))), min_size=1, max_size=3))
def test_marked_are_the_pairs_of_each_row_and_no_others(rows):
    places = marked([sorted(row) for row in rows], 3, 5)
    assert places.shape == (len(rows), 3, 5)
    assert [set(map(tuple, row.nonzero().tolist())) for row in places] == rows


def test_the_loss_is_minus_the_log_of_the_attention_on_the_right_places():
    attention = torch.zeros(1, 2, 2, 3)
    attention[0, :, 0] = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    attention[0, :, 1] = 1 / 3
    places = torch.tensor([[[True, True, False], [False, False, False]]])
    assert math.isclose(guidance_loss(attention, places).item(), -math.log((0.75 + 0.9) / 2), rel_tol=1e-4)
    assert guidance_loss(attention, torch.zeros_like(places)).item() == 0.0
