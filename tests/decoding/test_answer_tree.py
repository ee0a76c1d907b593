"""Do answers that are read as one tree have the probabilities that they have alone, and is a shared beginning read once?"""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.decoding.answer_tree import AnswerTree, read_level
from tests.decoding.tiny_generator import EOS, START, answer_logprobs, ragged_sources, tiny_generator

words = st.lists(st.integers(3, 6), max_size=6).map(lambda tokens: [START, *tokens, EOS])
rows = st.lists(st.lists(words, min_size=1, max_size=4), min_size=1, max_size=3)


@settings(max_examples=20)
@given(rows, st.integers(0, 30), st.integers(1, 8), st.integers(1, 3))
def test_the_levels_of_a_tree_add_up_to_the_probability_of_each_answer_alone(answers, seed, first, chunk):
    generator = tiny_generator(seed)
    hidden, mask = ragged_sources(generator, len(answers), seed)
    cache, trees = generator.start_cache(hidden, mask), [AnswerTree() for _ in answers]
    sums = [[0.0] * len(those) for those in answers]
    deepest = max(len(y) for those in answers for y in those)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minirag.decoding.answer_tree.CHUNK", chunk)
        for start, stop in pairwise([0, *range(first, deepest + first, first)]):
            if any(start < len(y) - 1 for those in answers for y in those):
                level = read_level(generator, cache, trees, answers, range(start, stop))
                sums = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(sums, level, strict=True)]
    for row, source in enumerate(zip(hidden, mask, strict=True)):
        for y, logprob in zip(answers[row], sums[row], strict=True):
            assert logprob == pytest.approx(sum(answer_logprobs(generator, *source, y)), abs=1e-9)


def test_a_beginning_that_answers_share_is_one_path():
    tree = AnswerTree()
    rhine, rhone = [START, 5, 6, 7, EOS], [START, 5, 6, 8, EOS]
    assert tree.grow([rhine, rhone, rhine], range(2), first=0) == [(START,), (START, 5)]
    assert tree.grow([rhine, rhone], range(2, 9), first=4) == [(START, 5, 6), (START, 5, 6, 7), (START, 5, 6, 8)]
    assert tree.paths[START, 5, 6, 8] == [0, 1, 4, 6]  # columns 2 and 3 belong to other rows' nodes
