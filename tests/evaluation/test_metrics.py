"""Metrics: properties, and the examples that everyone checks by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.evaluation.metrics import (
    exact_match,
    f1,
    holds_answer,
    normalize_answer,
    r_precision,
    rank_of_answer,
    rank_of_gold,
    recall_at_k,
    reciprocal_rank,
)

words = st.text(alphabet="abc the.,'É ", max_size=20)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Danube.", "danube"),
        ("a.n. example", "example"),  # punctuation goes first: "an" is then an article
        ("Côte d'Ivoire", "côte divoire"),
        ("theatre", "theatre"),
        ("the", ""),
        ("\u3000Ulaanbaatar\n", "ulaanbaatar"),
    ],
)
def test_normalisation_is_that_of_squad(text, normal):
    assert normalize_answer(text) == normal


@given(st.text())
def test_text_of_any_kind_is_compared_with_itself(text):
    assert exact_match(text, [text])
    assert f1(text, [text]) == 1.0


@given(words, st.lists(words, max_size=4))
def test_a_right_answer_has_f1_one_and_f1_lies_between_zero_and_one(prediction, references):
    score = f1(prediction, references)
    assert 0.0 <= score <= 1.0
    if exact_match(prediction, references):
        assert score == 1.0


@given(words, words)
def test_f1_does_not_care_which_of_two_is_the_reference(one, other):
    assert f1(one, [other]) == f1(other, [one])


@given(words, st.lists(words, min_size=1, max_size=4), words)
def test_another_reference_never_makes_an_answer_worse(prediction, references, another):
    assert f1(prediction, [*references, another]) >= f1(prediction, references)
    assert exact_match(prediction, [*references, another]) >= exact_match(prediction, references)


def test_f1_counts_a_word_as_often_as_both_have_it():
    assert f1("new new york", ["new york city"]) == pytest.approx(2 * 2 / (3 + 3))
    assert f1("paris", ["london", "paris france"]) == pytest.approx(2 / 3)
    assert f1("paris", []) == 0.0


@given(st.lists(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")), st.integers(1, 8))
def test_recall_grows_with_k_and_asks_for_one_gold_passage_only(ranked, gold, k):
    assert recall_at_k(ranked, gold, k) == bool(gold & set(ranked[:k]))
    assert recall_at_k(ranked, gold, k + 1) >= recall_at_k(ranked, gold, k)


def test_recall_at_zero_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        recall_at_k(["a"], ["a"], 0)


@given(st.lists(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_the_rank_of_gold_is_the_smallest_k_that_recalls_it(ranked, gold):
    rank = rank_of_gold(ranked, gold)
    recalled = [k for k in range(1, len(ranked) + 1) if recall_at_k(ranked, gold, k)]
    assert rank == (recalled[0] if recalled else None)
    assert reciprocal_rank(rank) == (1 / recalled[0] if recalled else 0.0)


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [
        ("It was signed in 1066.", "1066", True),
        ("It was signed in 1066.", "10", False),  # a whole word, not a part of one
        ("the U.S. Senate", "US senate", True),
        ("New  York", "new york", True),
        ("New Jersey, York", "New York", False),
        ("York is new.", "New York", False),
        ("134,000 people", "134,000", True),
        ("ZÜRICH!", "Zürich", True),
        ("the end", "The", False),  # normalisation leaves nothing to look for
        ("", "x", False),
    ],
)
def test_a_passage_holds_an_answer_word_for_word(text, answer, held):
    assert holds_answer(text, [answer]) is held


@given(words, words, words)
def test_a_text_holds_every_run_of_its_words(before, answer, after):
    assert holds_answer(f"{before} {answer} {after}", [answer]) == bool(normalize_answer(answer))


def test_one_of_several_answers_is_enough_and_without_any_there_is_none():
    assert holds_answer("Bern, a town", ["Basel", "bern"])
    assert not holds_answer("Bern, a town", [])


def test_the_rank_of_an_answer_is_that_of_the_first_passage_that_holds_any():
    assert rank_of_answer(["a city", "Bern it is", "Oslo"], ["Oslo", "Bern"]) == 2
    assert rank_of_answer(["a city"], ["Oslo"]) is None


@pytest.mark.parametrize(
    ("ranked", "gold", "share"),
    [
        ("ab", "a", 1.0),
        ("ba", "a", 0.0),  # R = 1: only the first counts
        ("aab", "ab", 1.0),  # a title counts once
        ("acb", "ab", 0.5),
        ("", "ab", 0.0),
    ],
)
def test_r_precision_looks_at_as_many_titles_as_are_gold(ranked, gold, share):
    assert r_precision(list(ranked), gold) == share


def test_r_precision_without_gold_is_refused():
    with pytest.raises(ValueError, match="no gold title"):
        r_precision(["a"], [])
