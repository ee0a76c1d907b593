"""Are answers drawn as often as they should be, and again the same from the same seed?"""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.decoding.sampling import keep_top_k, keep_top_p, narrow, sample
from tests.decoding.tabled_model import EOS, START, TabledModel, every_answer, options
from tests.strategies import next_token_tables

NEVER = -math.inf


@st.composite
def score_rows(draw: st.DrawFn, V: int = 12):
    """(2, 3, V) logits, float64, no two the same; some −inf."""
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**31 - 1)))
    width = draw(st.integers(1, V))
    scores = draw(st.sampled_from([0.5, 3.0])) * torch.randn(2, 3, width, generator=random, dtype=torch.float64)
    gone = torch.rand(2, 3, width, generator=random) < draw(st.sampled_from([0.0, 0.3]))
    gone[:, :, 0] = False
    return scores.masked_fill(gone, NEVER)


def rows_of(scores):
    return scores.flatten(0, 1).tolist()


def best_k(scores: list[float], k: int) -> list[float]:
    best = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)[:k]
    return [score if v in best else NEVER for v, score in enumerate(scores)]


def smallest_nucleus(scores: list[float], p: float) -> list[float]:
    """The best tokens, added until their probability reaches p."""
    total, mass, kept = sum(map(math.exp, scores)), 0.0, []
    for v in sorted(range(len(scores)), key=scores.__getitem__, reverse=True):
        if kept and mass >= p:
            break
        kept.append(v)
        mass += math.exp(scores[v]) / total
    return [score if v in kept else NEVER for v, score in enumerate(scores)]


@given(scores=score_rows(), k=st.integers(1, 14))
def test_top_k_keeps_the_k_best_as_they_are(scores, k):
    assert rows_of(keep_top_k(scores, k)) == [best_k(row, k) for row in rows_of(scores)]


def test_the_smallest_top_k_leaves_one_token():
    scores = torch.tensor([[[1.0, 3.0, 2.0]]])
    assert narrow(scores, options(do_sample=True, top_k=1)).tolist() == [[[NEVER, 3.0, NEVER]]]


def test_top_k_keeps_all_that_are_as_good_as_the_kth_best():
    assert keep_top_k(torch.tensor([[[1.0, 3.0, 2.0, 2.0, 0.0]]]), 2).tolist() == [[[NEVER, 3.0, 2.0, 2.0, NEVER]]]


@given(scores=score_rows(), p=st.floats(0.01, 0.99))
def test_top_p_keeps_the_fewest_tokens_that_have_probability_p(scores, p):
    assert rows_of(keep_top_p(scores, p)) == [smallest_nucleus(row, p) for row in rows_of(scores)]


def test_top_p_keeps_one_token_at_least_and_drops_what_is_exactly_too_much():
    scores = torch.tensor([[[0.25, 0.5, 0.25]]], dtype=torch.float64).log()
    assert keep_top_p(scores, 0.0).isfinite().tolist() == [[[False, True, False]]]
    assert keep_top_p(scores, 0.5).isfinite().tolist() == [[[False, True, False]]]
    assert keep_top_p(scores, 0.51).isfinite().sum() == 2
    assert keep_top_p(scores, 1.0).isfinite().all()


@given(
    scores=score_rows(),
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    k=st.integers(0, 5),
    p=st.sampled_from([0.2, 0.7, 1.0]),
)
def test_temperature_comes_before_top_k_and_top_k_before_top_p(scores, temperature, k, p):
    expected = scores / temperature
    expected = keep_top_k(expected, k) if k else expected
    expected = keep_top_p(expected, p) if p < 1 else expected
    assert torch.equal(narrow(scores, options(do_sample=True, temperature=temperature, top_k=k, top_p=p)), expected)


def test_without_limits_the_scores_stay_as_they_are():
    """Even those of tokens whose probability rounds to 0."""
    scores = torch.tensor([[[0.0, -1e6]]])
    assert torch.equal(narrow(scores, options(do_sample=True, top_k=0)), scores)


def exact_probabilities(model: TabledModel, question: int, search) -> dict[tuple[int, ...], float]:
    """Π_t q(y_t | y_<t) of every answer, by walking through the table."""
    found = {}
    for answer in every_answer(model.V, search.max_length):
        steps = [
            narrow(model.tables[question][tuple(answer[:t])][None, None], search).log_softmax(2)[0, 0, answer[t]].item()
            for t in range(1, len(answer))
        ]
        found[tuple(answer)] = math.exp(sum(steps))
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-9)
    return found


@pytest.mark.parametrize("limits", [{"top_k": 0}, {"top_k": 2, "temperature": 1.7}, {"top_k": 0, "top_p": 0.6}])
def test_answers_come_as_often_as_they_are_probable(limits):
    """Hoeffding: among N draws the share of one answer is off by ε with probability at most 2 exp(−2Nε²). With 13 answers
    and N = 8,000, ε = 0.035 makes a false alarm one in a million; the seed is fixed all the same.
    """
    N = 8000
    search = options(do_sample=True, num_return_sequences=N // 2, max_length=4, **limits)
    model = TabledModel(questions=1, V=3, max_length=4, seed=5, spread=1.0)
    model.tables = model.tables * 2  # two questions that are the same one
    torch.manual_seed(0)
    drawn = Counter(tuple(h.tokens) for answers in sample(model.step, 2, search) for h in answers)
    exact = exact_probabilities(model, 0, search)
    assert sum(drawn.values()) == N and set(drawn) <= {answer for answer, p in exact.items() if p > 0}
    for answer, p in exact.items():
        assert drawn[answer] / N == pytest.approx(p, abs=0.035)


@given(table=next_token_tables(), seed=st.integers(0, 2**40), temperature=st.sampled_from([0.5, 1.0, 3.0]))
def test_a_seed_gives_a_question_the_same_answers_in_any_batch(table, seed, temperature):
    V, max_length, model_seed = table
    model = TabledModel(questions=3, V=V, max_length=max_length, seed=model_seed)
    search = options(
        do_sample=True, seed=seed, num_return_sequences=4, max_length=max_length, temperature=temperature, top_k=0
    )
    together = sample(model.step, 3, search)
    assert together == sample(model.step, 3, search)
    assert together == [sample(model.only(question).step, 1, search)[0] for question in range(3)]


def test_another_seed_gives_other_answers_and_none_follows_torch():
    model = TabledModel(questions=1, V=4, max_length=5, seed=1, spread=0.5)
    settings = {"do_sample": True, "num_return_sequences": 20, "max_length": 5}

    def drawn(seed, torch_seed=0):
        torch.manual_seed(torch_seed)
        return [h.tokens for h in sample(model.step, 1, options(seed=seed, **settings))[0]]

    assert drawn(1) != drawn(2) and drawn(1) == drawn(1, torch_seed=3)
    assert drawn(None) == drawn(None) != drawn(None, torch_seed=3)


@given(table=next_token_tables(), seed=st.integers(0, 1000))
def test_a_drawn_answer_carries_its_probability_under_the_model_and_under_what_it_was_drawn_from(table, seed):
    V, max_length, model_seed = table
    model = TabledModel(questions=2, V=V, max_length=max_length, seed=model_seed)
    search = options(do_sample=True, seed=seed, num_return_sequences=3, max_length=max_length, temperature=0.7, top_k=2)
    for question, answers in enumerate(sample(model.step, 2, search)):
        exact = exact_probabilities(model, question, search)
        assert len(answers) == 3
        for hypothesis in answers:
            assert hypothesis.tokens[0] == START and EOS not in hypothesis.tokens[1:-1]
            logprobs = model.token_logprobs(question, hypothesis.tokens)
            assert hypothesis.token_logprobs == pytest.approx(logprobs, abs=1e-9)
            assert hypothesis.score == pytest.approx(math.log(exact[tuple(hypothesis.tokens)]), abs=1e-9)


def test_samples_are_constrained_each_alone():
    """After 2 only 3 may follow, after 3 only eos, after eos nothing; eos right after 3 is too short, and allowed all the same:
    nothing else is left to that one sample, whatever the others have (constraints.py).
    """
    follow = {(): [2, 3], (2,): [3], (3,): [EOS], (2, 3): [EOS]}
    model = TabledModel(questions=2, V=4, max_length=4, seed=3, spread=0.1)
    search = options(
        do_sample=True, seed=0, num_return_sequences=30, max_length=4, min_length=3,
        prefix_allowed_tokens_fn=lambda question, prefix: follow.get(tuple(prefix[1:].tolist()), []),
    )  # fmt: skip
    for answers in sample(model.step, 2, search):
        assert {tuple(h.tokens) for h in answers} == {(START, 2, 3, EOS), (START, 3, EOS)}


def test_where_there_is_one_token_it_is_drawn():
    search = options(do_sample=True, num_return_sequences=2, max_length=3)
    found = sample(lambda prefixes, parents: torch.zeros(1, 2, 1), 1, search)[0]
    assert [h.tokens for h in found] == [[START, 0, 0]] * 2


def test_one_sample_that_is_left_no_token_is_an_error_whatever_the_others_have():
    """Nothing follows 2; 3 is followed by eos."""

    def step(prefixes, parents):
        rows = torch.tensor([[NEVER, NEVER, 0.0, 0.0], [0.0] * 4, [NEVER] * 4, [NEVER, 0.0, NEVER, NEVER]])
        return rows[prefixes[:, :, -1]]

    settings = {"do_sample": True, "num_return_sequences": 20, "max_length": 4, "seed": 0}
    with pytest.raises(ValueError, match="question 0 of the batch has no answer"):
        sample(step, 1, options(**settings))
    without_2 = sample(step, 1, options(bad_words_ids=[[2]], **settings))[0]
    assert {tuple(h.tokens) for h in without_2} == {(START, 3, EOS)}
