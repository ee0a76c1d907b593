"""Does each constraint do to every prefix and token what its sentence says? Against loops over plain lists."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from minirag.decoding.constraints import (
    allow_only,
    constrain,
    forbid,
    forbid_repeated_ngrams,
    forbid_words,
    force,
    penalise_repetition,
)
from tests.decoding.tabled_model import EOS, options

NEVER = -math.inf
PENALTIES = st.sampled_from([0.5, 1.3, 4.0])


@dataclass(frozen=True)
class Moment:
    """Prefixes (B, W, t) and the scores (B, W, V) of what may come next, some of them −inf already."""

    prefixes: Tensor
    scores: Tensor

    @property
    def V(self) -> int:
        return self.scores.shape[2]


@st.composite
def moments(draw: st.DrawFn, longest: int = 6) -> Moment:
    B, W, t, V = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, longest)),
        draw(st.integers(2, 5)),
    )
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**31 - 1)))
    scores = 3.0 * torch.randn(B, W, V, generator=random, dtype=torch.float64)
    gone = torch.rand(B, W, V, generator=random) < draw(st.sampled_from([0.0, 0.3]))
    return Moment(torch.randint(V, (B, W, t), generator=random), scores.masked_fill(gone, NEVER))


def in_loops(moment: Moment, one: Callable[[list[int], list[float]], list[float]]) -> list[list[list[float]]]:
    """one(prefix, scores) for every prefix, all as lists."""
    return [
        [one(prefix, row) for prefix, row in zip(prefixes, rows, strict=True)]
        for prefixes, rows in zip(moment.prefixes.tolist(), moment.scores.tolist(), strict=True)
    ]


def without(banned, scores: list[float]) -> list[float]:
    return [NEVER if v in banned else score for v, score in enumerate(scores)]


def penalised(prefix: list[int], scores: list[float], penalty: float) -> list[float]:
    worse = [s * penalty if s < 0 else s / penalty for s in scores]
    return [worse[v] if v in prefix else scores[v] for v in range(len(scores))]


def repeats(prefix: list[int], v: int, n: int) -> bool:
    """Are the last n of prefix + [v] a stretch of n tokens that the prefix holds already?"""
    last = [*prefix, v][-n:]
    return any(prefix[i : i + n] == last for i in range(len(prefix) - n + 1))


def without_repeats(prefix: list[int], scores: list[float], n: int) -> list[float]:
    return without([v for v in range(len(scores)) if repeats(prefix, v, n)], scores)


def without_word(prefix: list[int], scores: list[float], word: list[int]) -> list[float]:
    return without([v for v in range(len(scores)) if [*prefix, v][-len(word) :] == word], scores)


@given(moment=moments(), penalty=PENALTIES)
def test_tokens_of_the_prefix_are_penalised_once_each(moment, penalty):
    found = penalise_repetition(moment.prefixes, moment.scores, penalty)
    assert found.tolist() == in_loops(moment, lambda prefix, scores: penalised(prefix, scores, penalty))


@given(moment=moments(), n=st.integers(1, 4))
def test_no_stretch_of_n_tokens_can_come_twice(moment, n):
    found = forbid_repeated_ngrams(moment.prefixes, moment.scores, n)
    assert found.tolist() == in_loops(moment, lambda prefix, scores: without_repeats(prefix, scores, n))


@given(moment=moments(), data=st.data())
def test_forbidden_words_are_never_completed(moment, data):
    word = st.lists(st.integers(0, moment.V - 1), min_size=1, max_size=3)
    words = data.draw(st.lists(word, min_size=1, max_size=4))
    found = forbid_words(moment.prefixes, moment.scores, words, EOS)

    def without_words(prefix: list[int], scores: list[float]) -> list[float]:
        for word in words:
            scores = scores if word == [EOS] else without_word(prefix, scores, word)
        return scores

    assert found.tolist() == in_loops(moment, without_words)


@given(moment=moments(), data=st.data())
def test_a_forbidden_token_and_a_forced_one(moment, data):
    token = data.draw(st.integers(0, moment.V - 1))
    assert forbid(moment.scores, token).tolist() == in_loops(moment, lambda _, scores: without([token], scores))
    certain = [0.0 if v == token else NEVER for v in range(moment.V)]
    assert force(moment.scores, token).tolist() == in_loops(moment, lambda *_: certain)


def allowed_by(seed: int, V: int, least: int = 0):
    """A function of question and prefix, so many ids at least, the same each time it is asked."""

    def allowed(question: int, prefix: Tensor) -> list[int]:
        assert prefix.ndim == 1
        random = torch.Generator().manual_seed(hash((seed, question, *prefix.tolist())) % 2**31)
        order = torch.randperm(V, generator=random).tolist()
        return order[: max(least, int(torch.randint(V + 1, (), generator=random)))]

    return allowed


@given(moment=moments(longest=3), seed=st.integers(0, 1000))
def test_only_allowed_tokens_may_follow_and_are_certain_where_no_prefix_of_a_question_has_one_left(moment, seed):
    allowed = allowed_by(seed, moment.V)
    expected = []
    for b, (prefixes, rows) in enumerate(zip(moment.prefixes, moment.scores.tolist(), strict=True)):
        ids = [allowed(b, prefix) for prefix in prefixes]
        left = [without(set(range(moment.V)) - set(i), row) for i, row in zip(ids, rows, strict=True)]
        if all(score == NEVER for row in left for score in row):
            left = [[0.0 if v in i else NEVER for v in range(moment.V)] for i in ids]
        expected.append(left)
    assert allow_only(moment.prefixes, moment.scores, allowed).tolist() == expected


def test_one_prefix_without_an_allowed_token_is_left_to_die_while_another_of_its_question_lives():
    scores = torch.tensor([[[NEVER, -1.0], [-2.0, -3.0]], [[NEVER, -1.0], [NEVER, -3.0]]])
    found = allow_only(torch.zeros(2, 2, 1, dtype=torch.long), scores, lambda *_: [0])
    assert found.tolist() == [[[NEVER, NEVER], [-2.0, NEVER]], [[0.0, NEVER], [0.0, NEVER]]]


@pytest.mark.parametrize("token", [-1, 3])
def test_an_allowed_token_outside_the_vocabulary_is_named_with_question_and_prefix(token):
    prefixes, scores = torch.tensor([[[0]], [[1]]]), torch.zeros(2, 1, 3)
    with pytest.raises(ValueError, match=rf"prefix_allowed_tokens_fn\(1, \[1\]\): no token has the id {token}$"):
        allow_only(prefixes, scores, lambda question, _: [2, token] if question == 1 else [0, 2])


@given(
    moment=moments(longest=5),
    penalty=st.one_of(st.just(1.0), PENALTIES),
    n=st.integers(0, 3),
    words=st.none() | st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=3), min_size=1, max_size=3),
    min_length=st.integers(0, 6),
    allowed=st.none() | st.integers(0, 9),
    forced_bos=st.none() | st.integers(0, 1),
    forced_eos=st.none() | st.integers(0, 1),
)
def test_constraints_come_in_one_order(moment, penalty, n, words, min_length, allowed, forced_bos, forced_eos):
    """Repetition penalty, n-grams, words (the one that is eos alone excepted), length, allowed ids, forced bos and eos."""
    allowed_tokens = None if allowed is None else allowed_by(allowed, moment.V)
    search = options(
        max_length=6,
        min_length=min_length,
        repetition_penalty=penalty,
        no_repeat_ngram_size=n,
        bad_words_ids=words,
        prefix_allowed_tokens_fn=allowed_tokens,
        forced_bos_token_id=forced_bos,
        forced_eos_token_id=forced_eos,
    )
    t = moment.prefixes.shape[2]

    def one(prefix: list[int], scores: list[float]) -> list[float]:
        scores = penalised(prefix, scores, penalty)
        scores = without_repeats(prefix, scores, n) if n else scores
        for word in words or []:
            scores = scores if word == [EOS] else without_word(prefix, scores, word)
        return without([EOS], scores) if t < min_length else scores

    expected = torch.tensor(in_loops(moment, one), dtype=torch.float64)
    if allowed_tokens is not None:
        expected = allow_only(moment.prefixes, expected, allowed_tokens)
    for token, there in ((forced_bos, t == 1), (forced_eos, t == 5)):
        expected = force(expected, token) if there and token is not None else expected
    assert constrain(moment.prefixes, moment.scores, search).tolist() == expected.tolist()


@given(moment=moments(), n=st.integers(1, 3))
def test_a_constraint_leaves_what_it_is_given_as_it_was(moment, n):
    prefixes, scores = moment.prefixes.clone(), moment.scores.clone()
    everything = options(
        min_length=9, repetition_penalty=2.0, no_repeat_ngram_size=n, bad_words_ids=[[0], [1, 0]], forced_bos_token_id=0,
        prefix_allowed_tokens_fn=lambda *_: [0],
    )  # fmt: skip
    constrain(moment.prefixes, moment.scores, everything)
    assert torch.equal(moment.prefixes, prefixes) and torch.equal(moment.scores, scores)


def test_scores_stay_where_and_what_they_are():
    """float32 in, float32 out: a constraint does not change the arithmetic of the search."""
    search = options(repetition_penalty=1.5, no_repeat_ngram_size=2, bad_words_ids=[[0, 1]], min_length=9)
    found = constrain(torch.tensor([[[0, 1, 0]]]), torch.zeros(1, 1, 4), search)
    assert found.dtype == torch.float32 and found.tolist() == [[[0.0, NEVER, 0.0, 0.0]]]
