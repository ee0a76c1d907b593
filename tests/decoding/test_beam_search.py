"""Does beam search find what trying every answer finds, and is it one question's own affair?

The model is a table (tabled_model.py): no network, float64. Where the beam is too narrow to be exact, the choices are
those of transformers: tests/crosscheck/test_decoding.py.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.decoding.beam_search import beam_search
from minirag.decoding.constraints import constrain
from tests.decoding.tabled_model import EOS, START, TabledModel, every_answer, options
from tests.strategies import next_token_tables

PENALTIES = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0])


def ranked_by_trying(model: TabledModel, question: int, answers: list[list[int]], penalty: float) -> list[list[int]]:
    """All answers, best first, each scored by walking through the table."""

    def score(answer: list[int]) -> float:
        logprobs = model.token_logprobs(question, answer)
        return math.fsum(logprobs) / len(logprobs) ** penalty

    return sorted(answers, key=score, reverse=True)


@given(table=next_token_tables(), penalty=PENALTIES, data=st.data())
def test_a_beam_as_wide_as_the_number_of_answers_ranks_them_all(table, penalty, data):
    V, max_length, seed = table
    min_length = data.draw(st.integers(0, max_length))
    model = TabledModel(questions=1, V=V, max_length=max_length, seed=seed)
    answers = every_answer(V, max_length, min_length)
    wide = options(
        num_beams=len(answers),
        num_return_sequences=len(answers),
        max_length=max_length,
        min_length=min_length,
        length_penalty=penalty,
    )
    found = beam_search(model.step, 1, wide)[0]
    assert [hypothesis.tokens for hypothesis in found] == ranked_by_trying(model, 0, answers, penalty)


@given(
    table=next_token_tables(),
    penalty=PENALTIES,
    num_beams=st.integers(1, 5),
    early_stopping=st.booleans(),
    min_length=st.integers(0, 2),
)
def test_every_hypothesis_is_a_different_answer_with_its_own_probability_and_score(
    table, penalty, num_beams, early_stopping, min_length
):
    V, max_length, seed = table
    model = TabledModel(questions=2, V=V, max_length=max_length, seed=seed)
    narrow = options(
        num_beams=num_beams,
        num_return_sequences=num_beams,
        max_length=max_length,
        min_length=min_length,
        length_penalty=penalty,
        early_stopping=early_stopping,
    )
    for question, found in enumerate(beam_search(model.step, 2, narrow)):
        assert 1 <= len(found) <= num_beams
        assert len({tuple(hypothesis.tokens) for hypothesis in found}) == len(found)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)
        for hypothesis in found:
            logprobs = model.token_logprobs(question, hypothesis.tokens)
            assert hypothesis.tokens in every_answer(V, max_length, min_length)
            assert hypothesis.token_logprobs == pytest.approx(logprobs, abs=1e-9)
            assert hypothesis.logprob == pytest.approx(sum(logprobs), abs=1e-9)
            assert hypothesis.score == pytest.approx(sum(logprobs) / len(logprobs) ** penalty, abs=1e-9)


@given(table=next_token_tables(), num_beams=st.integers(1, 4), early_stopping=st.booleans(), penalty=PENALTIES)
def test_a_batch_gives_the_same_answers_as_one_by_one(table, num_beams, early_stopping, penalty):
    V, max_length, seed = table
    model = TabledModel(questions=3, V=V, max_length=max_length, seed=seed)
    search = options(
        num_beams=num_beams,
        num_return_sequences=num_beams,
        max_length=max_length,
        early_stopping=early_stopping,
        length_penalty=penalty,
    )
    together = beam_search(model.step, 3, search)
    assert together == [beam_search(model.only(question).step, 1, search)[0] for question in range(3)]


@given(table=next_token_tables(), num_beams=st.integers(1, 4))
def test_asking_for_fewer_answers_returns_the_first_of_them(table, num_beams):
    V, max_length, seed = table
    model = TabledModel(questions=1, V=V, max_length=max_length, seed=seed)
    settings = {"num_beams": num_beams, "max_length": max_length}
    everything = beam_search(model.step, 1, options(num_return_sequences=num_beams, **settings))[0]
    assert beam_search(model.step, 1, options(num_return_sequences=1, **settings))[0] == everything[:1]


def chain(step_logprobs: dict[tuple[int, ...], list[float]], V: int):
    """A step for one question from {prefix: probabilities}; prefixes that are not listed are uniform."""

    def step(prefixes, parents):
        rows = [step_logprobs.get(tuple(p), [1 / V] * V) for p in prefixes[0].tolist()]
        return torch.tensor([rows], dtype=torch.float64).log()

    return step


def test_two_beams_find_the_answer_that_greedy_misses():
    """0.6 · 0.3 by the tempting first token 2, 0.4 · 0.9 by the other: 0.18 against 0.36."""
    table = {(START,): [0.0, 0.0, 0.6, 0.4], (START, 2): [0.3, 0.3, 0.2, 0.2], (START, 3): [0.1, 0.9, 0.0, 0.0]}
    narrow = beam_search(chain(table, 4), 1, options(num_beams=1, max_length=3))[0][0]
    wide = beam_search(chain(table, 4), 1, options(num_beams=2, max_length=3))[0][0]
    assert narrow.tokens[1] == 2 and math.exp(narrow.logprob) == pytest.approx(0.18)
    assert wide.tokens == [START, 3, EOS] and math.exp(wide.logprob) == pytest.approx(0.36)


def counted(step):
    calls = []

    def counting(prefixes, parents):
        calls.append(prefixes.shape[2])
        return step(prefixes, parents)

    return counting, calls


def test_the_search_stops_once_no_live_prefix_can_beat_the_finished():
    step, calls = counted(chain({(START,): [0.05, 0.5, 0.45]}, 3))
    found = beam_search(step, 1, options(num_beams=1, max_length=10))[0]
    assert found[0].tokens == [START, EOS] and calls == [1]


def test_the_search_goes_on_while_the_worst_finished_answer_can_be_beaten():
    """2 · 2 has log(0.231) / 2 = −0.73, between the finished −0.65 and −1.14, and then becomes the best of all."""
    table = {(START,): [0.0, 0.32, 0.55, 0.13], (START, 2): [0.0, 0.5, 0.42, 0.08], (START, 2, 2): [0.0, 1.0, 0.0, 0.0]}
    step, calls = counted(chain(table, 4))
    found = beam_search(step, 1, options(num_beams=2, num_return_sequences=2, max_length=9))[0]
    assert [h.tokens for h in found] == [[START, 2, 2, EOS], [START, 2, EOS]] and calls == [1, 2, 3]


def test_early_stopping_is_content_with_the_first_full_pool():
    """After 2 eos two answers are there; the better one, 2 2 eos, takes another round."""
    table = {(START,): [0.0, 0.3, 0.55, 0.15], (START, 2): [0.0, 0.4, 0.55, 0.05], (START, 2, 2): [0.0, 1.0, 0.0, 0.0]}
    eager, patient = (
        beam_search(chain(table, 4), 1, options(num_beams=2, max_length=6, early_stopping=early))[0][0].tokens
        for early in (True, False)
    )
    assert eager == [START, 2, EOS] and patient == [START, 2, 2, EOS]


def test_a_finished_answer_leaves_its_place_to_another_live_prefix():
    """eos comes first with 0.4, yet both 2 and 3 live on, and 3 eos is the second best answer with 0.25."""
    table = {(START,): [0.0, 0.4, 0.35, 0.25], (START, 3): [0.0, 1.0, 0.0, 0.0]}
    settings = {"num_beams": 2, "num_return_sequences": 2, "max_length": 4, "length_penalty": 0.0}
    found = beam_search(chain(table, 4), 1, options(**settings))[0]
    assert [h.tokens for h in found] == [[START, EOS], [START, 3, EOS]]


def test_a_length_penalty_above_zero_favours_the_longer_answer():
    table = {(START,): [0.0, 0.5, 0.5], (START, 2): [0.0, 0.6, 0.4], (START, 2, 2): [0.0, 0.9, 0.1]}
    best = {
        penalty: beam_search(chain(table, 3), 1, options(num_beams=3, max_length=4, length_penalty=penalty))[0][
            0
        ].tokens
        for penalty in (0.0, 2.0)
    }
    assert best[0.0] == [START, EOS]
    assert len(best[2.0]) > 2


@given(table=next_token_tables(), num_beams=st.integers(1, 4))
def test_forced_tokens_are_there_and_count_as_certain_in_the_score_only(table, num_beams):
    V, max_length, seed = table
    model = TabledModel(questions=1, V=V, max_length=max_length, seed=seed)
    forced = options(
        num_beams=num_beams,
        num_return_sequences=num_beams,
        max_length=max_length,
        forced_bos_token_id=START,
        forced_eos_token_id=EOS,
    )
    for hypothesis in beam_search(model.step, 1, forced)[0]:
        logprobs = model.token_logprobs(0, hypothesis.tokens)
        assert hypothesis.token_logprobs == pytest.approx(logprobs, abs=1e-9)
        assert hypothesis.tokens[-1] == EOS
        assert hypothesis.tokens[1] == (START if max_length > 2 else EOS)
        free = logprobs[1:-1] if len(hypothesis.tokens) == max_length else logprobs[1:]
        assert hypothesis.score == pytest.approx(sum(free) / len(logprobs), abs=1e-9)


# --- constraints


def constrained_score(model: TabledModel, answer: list[int], search) -> float:
    """Σ_t constrained log p(y_t | y_<t) / n ** length_penalty, by walking through the table."""
    steps = [
        constrain(torch.tensor([[answer[:t]]]), model.tables[0][tuple(answer[:t])][None, None], search)[0, 0, answer[t]]
        for t in range(1, len(answer))
    ]
    return math.fsum(steps) / len(steps) ** search.length_penalty


@given(
    table=next_token_tables(),
    penalty=PENALTIES,
    early_stopping=st.sampled_from([False, "never"]),
    settings=st.fixed_dictionaries(
        {},
        optional={
            "repetition_penalty": st.sampled_from([0.7, 1.5]),
            "no_repeat_ngram_size": st.integers(1, 2),
            "bad_words_ids": st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=2), min_size=1, max_size=2),
            "min_length": st.integers(0, 2),
            "forced_bos_token_id": st.integers(0, 1),
            "forced_eos_token_id": st.integers(0, 1),
        },
    ),
)
def test_a_wide_beam_ranks_all_answers_that_the_constraints_leave(table, penalty, early_stopping, settings):
    V, max_length, seed = table
    model = TabledModel(questions=1, V=V, max_length=max_length, seed=seed)
    answers = every_answer(V, max_length)
    wide = options(
        num_beams=len(answers),
        num_return_sequences=len(answers),
        max_length=max_length,
        length_penalty=penalty,
        early_stopping=early_stopping,
        **settings,
    )
    scores = {tuple(answer): constrained_score(model, answer, wide) for answer in answers}
    possible = [answer for answer in scores if scores[answer] > -math.inf]
    if not possible:
        with pytest.raises(ValueError, match="question 0 of the batch has no answer"):
            beam_search(model.step, 1, wide)
        return
    found = beam_search(model.step, 1, wide)[0]
    assert [h.score for h in found] == pytest.approx(sorted(map(scores.get, possible), reverse=True), abs=1e-9)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(scores[tuple(hypothesis.tokens)], abs=1e-9)
        assert hypothesis.logprob == pytest.approx(sum(model.token_logprobs(0, hypothesis.tokens)), abs=1e-9)
    assert len({tuple(h.tokens) for h in found}) == len(found)


@given(table=next_token_tables(), num_beams=st.integers(1, 4), penalty=PENALTIES, seed=st.integers(0, 99))
def test_a_batch_gives_the_same_answers_as_one_by_one_under_constraints(table, num_beams, penalty, seed):
    V, max_length, model_seed = table
    model = TabledModel(questions=3, V=V, max_length=max_length, seed=model_seed)

    def allowed(of: int):
        """Two tokens or more, eos among them, whichever question of the batch it is."""

        def ids(question, prefix):
            random = torch.Generator().manual_seed(hash((seed, of + question, *prefix.tolist())) % 2**31)
            return sorted({EOS, *torch.randint(V, (2,), generator=random).tolist()})

        return ids

    settings = {
        "num_beams": num_beams,
        "num_return_sequences": num_beams,
        "max_length": max_length,
        "length_penalty": penalty,
        "repetition_penalty": 1.3,
        "no_repeat_ngram_size": 2,
        "early_stopping": "never",
    }
    together = beam_search(model.step, 3, options(prefix_allowed_tokens_fn=allowed(0), **settings))
    for question in range(3):
        alone = options(prefix_allowed_tokens_fn=allowed(question), **settings)
        assert beam_search(model.only(question).step, 1, alone)[0] == together[question]


@given(table=next_token_tables(), num_beams=st.integers(1, 5), seed=st.integers(0, 99))
def test_nobody_is_asked_about_a_prefix_that_is_not_allowed(table, num_beams, seed):
    """With fewer allowed prefixes than beams, there are fewer beams; and one dead end is not the end of the search."""
    V, max_length, model_seed = table
    model = TabledModel(questions=1, V=V, max_length=max_length, seed=model_seed)
    following = {}

    def allowed(question, prefix):
        *before, last = prefix.tolist()
        assert not before or last in following[tuple(before)]
        assert EOS not in prefix.tolist()[1:]
        random = torch.Generator().manual_seed(hash((seed, *prefix.tolist())) % 2**31)
        ids = torch.randperm(V, generator=random)[: int(torch.randint(1, 3, (), generator=random))].tolist()
        return following.setdefault(tuple(prefix.tolist()), ids)

    search = options(
        num_beams=num_beams,
        num_return_sequences=num_beams,
        max_length=max_length,
        prefix_allowed_tokens_fn=allowed,
    )
    found = beam_search(model.step, 1, search)[0]
    for hypothesis in found:
        for t in range(1, len(hypothesis.tokens)):
            assert hypothesis.tokens[t] in following[tuple(hypothesis.tokens[:t])]
    assert len({tuple(h.tokens) for h in found}) == len(found)


def test_a_prefix_that_leads_nowhere_dies_and_the_others_go_on():
    """2 is the most likely first token, and nothing may follow it."""
    table = {(START,): [0.0, 0.0, 0.7, 0.3], (START, 3): [0.0, 0.6, 0.2, 0.2]}
    follow = {(START,): [2, 3], (START, 3): [EOS]}
    search = options(
        num_beams=2,
        num_return_sequences=2,
        max_length=6,
        prefix_allowed_tokens_fn=lambda _, prefix: follow.get(tuple(prefix.tolist()), []),
    )
    step, calls = counted(chain(table, 4))
    found = beam_search(step, 1, search)[0]
    assert [h.tokens for h in found] == [[START, 3, EOS]] and calls == [1, 2]


def test_never_goes_on_as_long_as_a_longer_answer_could_still_be_better():
    """2 · 2 · eos has log(0.36) / 3 = −0.34, better than eos with log(0.45) = −0.80; 2 alone has log(0.4) = −0.92."""
    table = {(START,): [0.0, 0.45, 0.4, 0.15], (START, 2): [0.0, 0.0, 0.9, 0.1], (START, 2, 2): [0.0, 1.0, 0.0, 0.0]}
    settings = {"num_beams": 1, "max_length": 6, "length_penalty": 1.0}
    step, calls = counted(chain(table, 4))
    assert beam_search(step, 1, options(early_stopping=False, **settings))[0][0].tokens == [START, EOS]
    assert calls == [1]
    assert beam_search(chain(table, 4), 1, options(early_stopping="never", **settings))[0][0].tokens == [
        START,
        2,
        2,
        EOS,
    ]


def test_never_stops_when_even_the_longest_answer_could_not_be_better():
    """After one token: log(0.2) / 2 = −0.80 is the best that max_length 3 allows, and eos has log(0.5) = −0.69."""
    table = {(START,): [0.0, 0.5, 0.2, 0.3 * 0.6, 0.3 * 0.4]}
    step, calls = counted(chain(table, 5))
    settings = {"num_beams": 1, "early_stopping": "never", "length_penalty": 1.0}
    assert beam_search(step, 1, options(max_length=3, **settings))[0][0].tokens == [START, EOS] and calls == [1]
    step, calls = counted(chain(table, 5))
    beam_search(step, 1, options(max_length=4, **settings))
    assert calls == [1, 2], "log(0.2) / 3 = −0.54 could still have been better"


def test_a_question_that_is_settled_stays_so_while_others_are_searched():
    """After one token eos has −0.69 and the best live prefix −0.80. With length_penalty 2 that one would overtake at length 2
    (−0.81 / 4), had it been given the time; and other questions must not give it.
    """
    long = {(START,): [0.0, 0.5, 0.45, 0.05], (START, 2): [0.0, 0.0, 0.99, 0.01], (START, 2, 2): [0.0, 1.0, 0.0, 0.0]}
    slow = {(START,): [0.0, 0.01, 0.99, 0.0], (START, 2): [0.0, 0.01, 0.99, 0.0], (START, 2, 2): [0.0, 0.1, 0.9, 0.0]}
    search = options(num_beams=1, max_length=6, length_penalty=2.0)
    first, second = chain(long, 4), chain(slow, 4)

    def both(prefixes, parents):
        return torch.cat([first(prefixes[:1], None), second(prefixes[1:], None)])

    found = [hypotheses[0].tokens for hypotheses in beam_search(both, 2, search)]
    assert found[0] == beam_search(first, 1, search)[0][0].tokens == [START, EOS]
    assert found[1] == beam_search(second, 1, search)[0][0].tokens and len(found[1]) > 3


@pytest.mark.parametrize("penalty", [0.0, -1.0])
def test_never_takes_the_shortest_length_where_the_penalty_does_not_favour_long_answers(penalty):
    step, calls = counted(chain({(START,): [0.05, 0.5, 0.45]}, 3))
    search = options(num_beams=1, max_length=10, early_stopping="never", length_penalty=penalty)
    assert beam_search(step, 1, search)[0][0].tokens == [START, EOS] and calls == [1]


@given(table=next_token_tables(), num_beams=st.integers(1, 4), penalty=PENALTIES)
def test_never_finds_answers_at_least_as_good(table, num_beams, penalty):
    V, max_length, seed = table
    model = TabledModel(questions=1, V=V, max_length=max_length, seed=seed)
    settings = {"num_beams": num_beams, "max_length": max_length, "length_penalty": penalty}
    eager, patient, never = (
        beam_search(model.step, 1, options(early_stopping=early, **settings))[0][0].score
        for early in (True, False, "never")
    )
    assert eager <= patient <= never


def test_a_model_that_answers_nan_is_an_error_that_names_the_question():
    def step(prefixes, parents):
        logprobs = torch.full((*prefixes.shape[:2], 3), -math.log(3))
        logprobs[1] = float("nan")
        return logprobs

    with pytest.raises(
        ValueError, match="question 1 of the batch has no answer: every next token is forbidden, or has"
    ):
        beam_search(step, 2, options(num_beams=2, max_length=4))
