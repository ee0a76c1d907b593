"""Collapse: both lines, and the entropy that a prior without knowledge has."""

import math

from minirag.plots import alt_text, retriever_collapse


def test_both_lines_and_the_bound_are_drawn():
    above, below = retriever_collapse([0, 10, 20], [0.9, 0.5, 0.1], [0.2, 0.9, 1.6], n_docs=5).axes
    assert list(zip(*above.lines[0].get_data(), strict=True)) == [(0, 90.0), (10, 50.0), (20, 10.0)]
    assert list(zip(*below.lines[0].get_data(), strict=True)) == [(0, 0.2), (10, 0.9), (20, 1.6)]
    assert set(below.lines[1].get_ydata()) == {math.log(5)}


def test_one_passage_has_no_entropy_and_is_drawn():
    below = retriever_collapse([1], [1.0], [0.0], n_docs=1).axes[1]
    assert below.get_ylim()[1] > 0


def test_the_words_say_where_it_went():
    assert alt_text(retriever_collapse([0, 20], [0.9, 0.1], [0.2, 1.6], n_docs=5)) == (
        "Retriever over 2 steps from 0 to 20: distinct passages go from 90% to 10%, the prior's entropy from 0.20 to "
        "1.60 nats, of at most 1.61."
    )
