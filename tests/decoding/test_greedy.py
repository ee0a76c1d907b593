"""Is greedy search the beam search with one beam, and the walk along the most likely tokens?"""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.decoding.beam_search import beam_search
from minirag.decoding.constraints import constrain
from minirag.decoding.greedy import greedy_search
from tests.decoding.tabled_model import EOS, START, TabledModel, options
from tests.strategies import next_token_tables


@given(
    table=next_token_tables(),
    min_length=st.integers(0, 2),
    early_stopping=st.booleans(),
    forced=st.sampled_from([{}, {"forced_bos_token_id": START}, {"forced_eos_token_id": EOS}]),
    penalty=st.sampled_from([1.0, 1.5]),
)
def test_greedy_search_is_beam_search_with_one_beam(table, min_length, early_stopping, forced, penalty):
    V, max_length, seed = table
    model = TabledModel(questions=3, V=V, max_length=max_length, seed=seed)
    narrow = options(
        max_length=max_length,
        min_length=min_length,
        early_stopping=early_stopping,
        repetition_penalty=penalty,
        **forced,
    )
    for greedy, beam in zip(greedy_search(model.step, 3, narrow), beam_search(model.step, 3, narrow), strict=True):
        assert greedy[0].tokens == beam[0].tokens
        assert greedy[0].token_logprobs == pytest.approx(beam[0].token_logprobs, abs=1e-9)


@given(table=next_token_tables(), min_length=st.integers(0, 2), penalty=st.sampled_from([1.0, 1.5]))
def test_greedy_search_takes_the_most_likely_token_each_time_and_scores_the_choice(table, min_length, penalty):
    V, max_length, seed = table
    model = TabledModel(questions=2, V=V, max_length=max_length, seed=seed)
    search = options(max_length=max_length, min_length=min_length, repetition_penalty=penalty, length_penalty=2.0)
    for question, (hypothesis,) in enumerate(greedy_search(model.step, 2, search)):
        expected, score = [START], 0.0
        while len(expected) < max_length and EOS not in expected:
            logprobs = model.tables[question][tuple(expected)]
            q = constrain(torch.tensor([[expected]]), logprobs[None, None], search)[0, 0].log_softmax(dim=0)
            expected.append(int(q.argmax()))
            score += q.max().item()
        assert hypothesis.tokens == expected
        assert hypothesis.logprob == pytest.approx(sum(model.token_logprobs(question, expected)), abs=1e-9)
        assert hypothesis.score == pytest.approx(score, abs=1e-9)


@given(table=next_token_tables())
def test_a_batch_gives_the_same_answers_as_one_by_one(table):
    V, max_length, seed = table
    model = TabledModel(questions=3, V=V, max_length=max_length, seed=seed)
    search = options(max_length=max_length, no_repeat_ngram_size=2, bad_words_ids=[[0]])
    together = greedy_search(model.step, 3, search)
    assert together == [greedy_search(model.only(question).step, 1, search)[0] for question in range(3)]


def logits(rows: dict[tuple[int, ...], list[float]]):
    """A step for one question that gives logits."""
    return lambda prefixes, parents: torch.tensor([[rows[tuple(p)] for p in prefixes[0].tolist()]])


def test_the_repetition_penalty_reads_the_logits_and_the_log_probability_is_the_models_own():
    """Logits 2 and 3: divided by 2, token 3 falls behind. As log-probabilities, −1.35 and −0.35, it stays ahead."""
    rows = {(START,): [0.0, -9.0, 2.0, 3.0], (START, 3): [0.0, -9.0, 2.0, 3.0]}
    found = greedy_search(logits(rows), 1, options(max_length=3, repetition_penalty=2.0))[0][0]
    assert found.tokens == [START, 3, 2]
    normaliser = math.log(math.exp(0) + math.exp(-9) + math.exp(2) + math.exp(3))
    assert found.token_logprobs == pytest.approx([3 - normaliser, 2 - normaliser], abs=1e-6)
    one = {"max_length": 3, "repetition_penalty": 2.0}
    normalised = {prefix: torch.tensor(row).log_softmax(0).tolist() for prefix, row in rows.items()}
    assert greedy_search(logits(normalised), 1, options(**one))[0][0].tokens == [START, 3, 3]


def test_a_start_token_that_is_eos_as_in_bart_does_not_end_the_answer():
    step = logits({(EOS,): [0.0, 0.0, 2.0], (EOS, 2): [0.0, 2.0, 0.0]})
    assert greedy_search(step, 1, replace(options(), decoder_start_token_id=EOS))[0][0].tokens == [EOS, 2, EOS]


def test_greedy_search_refuses_beams():
    with pytest.raises(ValueError, match="num_beams=2: greedy search has one beam"):
        greedy_search(TabledModel(1, 2, 2, 0).step, 1, options(num_beams=2))


def test_the_search_stops_when_all_have_ended_and_pads_those_who_ended_before():
    seen = []

    def step(prefixes, parents):
        assert parents is None if prefixes.shape[2] == 1 else parents.tolist() == [[0], [0]]
        seen.append(prefixes[:, 0].tolist())
        best = [EOS, EOS if prefixes.shape[2] == 3 else 2]
        return torch.eye(4)[best][:, None].log()

    found = greedy_search(step, 2, replace(options(max_length=9), pad_token_id=3))
    assert [h.tokens for (h,) in found] == [[START, EOS], [START, 2, 2, EOS]]
    assert seen == [[[START], [START]], [[START, EOS], [START, 2]], [[START, EOS, 3], [START, 2, 2]]]


@pytest.mark.parametrize("gone", [float("nan"), float("-inf")])
def test_a_question_that_is_left_no_token_is_named(gone):
    def step(prefixes, parents):
        scores = torch.zeros(3, 1, 4)
        scores[1] = gone
        return scores

    with pytest.raises(ValueError, match=r"^question 1 of the batch has no answer: every next token is forbidden"):
        greedy_search(step, 3, options(max_length=4))


def test_an_answer_that_ended_needs_no_next_token_while_others_go_on():
    """The list of allowed tokens is empty behind eos."""
    model = TabledModel(questions=2, V=4, max_length=4, seed=0)
    follow = {0: {(): [EOS]}, 1: {(): [2], (2,): [3], (2, 3): [EOS]}}
    search = options(
        max_length=4,
        prefix_allowed_tokens_fn=lambda question, prefix: follow[question].get(tuple(prefix[1:].tolist()), []),
    )
    found = greedy_search(model.step, 2, search)
    assert [h.tokens for (h,) in found] == [[START, EOS], [START, 2, 3, EOS]]
