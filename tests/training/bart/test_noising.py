"""Broken texts: how much is gone, what is left in which order, and where it stood."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from minirag.training.bart.noising import (
    HOLE,
    broken_places,
    infill,
    permute_sentences,
    poisson,
    span_lengths,
)

seeds = st.integers(0, 10_000)
counts = st.integers(0, 80)
shares = st.floats(0.0, 1.0)


@given(counts, seeds, shares)
def test_infilling_takes_exactly_the_share_it_is_told_to(count, seed, share):
    broken = infill(list(range(count)), HOLE, Random(seed), share)
    assert count - sum(token != HOLE for token in broken) == round(share * count)


@given(counts, seeds, shares)
def test_what_infilling_leaves_keeps_its_order(count, seed, share):
    kept = [token for token in infill(list(range(count)), HOLE, Random(seed), share) if token != HOLE]
    assert kept == sorted(set(kept))


@given(counts, seeds, shares)
def test_every_span_becomes_one_mask(count, seed, share):
    lengths = span_lengths(round(share * count), 3.0, Random(seed))
    assert infill(list(range(count)), HOLE, Random(seed), share).count(HOLE) == len(lengths)


@given(st.integers(0, 80), seeds, st.floats(0.5, 5.0))
def test_the_lengths_of_the_spans_add_up(total, seed, mean):
    lengths = span_lengths(total, mean, Random(seed))
    assert sum(lengths) == total and min(lengths, default=0) >= 0


def test_spans_of_no_token_insert_a_mask_and_are_as_frequent_as_poisson_says():
    lengths = span_lengths(30_000, 3.0, Random(0))
    assert abs(lengths.count(0) / len(lengths) - 0.0498) < 0.01  # e⁻³
    alone = [infill([1], 0, Random(seed), share=1.0, mean_length=1.0) for seed in range(50)]
    assert [0, 0] in alone and [0] in alone


def test_holes_fall_everywhere_in_a_text_alike_but_at_its_ends():
    """The first token is gone only where a span begins with it: the ends of a text are kept more often."""
    gone = [0] * 40
    for seed in range(2000):
        for place in set(range(40)) - set(infill(range(40), HOLE, Random(seed))):
            gone[place] += 1
    assert all(0.27 < number / 2000 < 0.39 for number in gone[5:-5])
    assert all(abs(left - right) / 2000 < 0.06 for left, right in zip(gone, reversed(gone), strict=True))


def test_poisson_has_its_mean_and_variance():
    rng = Random(0)
    drawn = [poisson(3.0, rng) for _ in range(4000)]
    mean = sum(drawn) / len(drawn)
    assert abs(mean - 3) < 0.15 and abs(sum((n - mean) ** 2 for n in drawn) / len(drawn) - 3) < 0.3


@given(st.lists(st.lists(st.integers(), max_size=5), max_size=8), seeds)
def test_permuted_sentences_are_the_same_sentences(sentences, seed):
    numbered = [[(number, token) for token in sentence] for number, sentence in enumerate(sentences)]
    permuted = permute_sentences(numbered, Random(seed))
    assert sorted(permuted, key=lambda token: token[0]) == [token for sentence in numbered for token in sentence]
    changes = sum(one[0] != other[0] for one, other in pairwise(permuted))
    assert changes == max(0, sum(map(bool, sentences)) - 1)  # each in one piece


def test_every_order_of_the_sentences_comes_up():
    orders = {tuple(permute_sentences([[0], [1], [2]], Random(seed))) for seed in range(100)}
    assert len(orders) == 6


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), seeds)
def test_a_broken_text_says_where_each_of_its_tokens_stood(lengths, seed):
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    count = sum(lengths)
    places = broken_places(count, starts, Random(seed))
    kept = [place for place in places if place != HOLE]
    assert len(set(kept)) == len(kept) == count - round(0.3 * count)
    assert set(kept) <= set(range(count))
