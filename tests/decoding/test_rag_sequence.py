"""Does thorough decoding find the answer that maximises RAG-Sequence, and are its scores those of the definition?"""

import math

import pytest
import torch

from minirag.decoding.bart import bart_step
from minirag.decoding.beam_search import beam_search
from minirag.decoding.candidate_scores import distinct_answers
from minirag.decoding.greedy import greedy_search
from minirag.decoding.rag_sequence import candidates_per_passage, fast, thorough
from minirag.model.bart import BartForConditionalGeneration
from tests.decoding.plain_rag_sequence import score_answers
from tests.decoding.tiny_generator import (
    EOS,
    PAD,
    START,
    answer_logprobs,
    every_answer,
    options,
    ragged_sources,
    random_prior,
    tiny_generator,
)

MISSING = torch.tensor([[True, False, True], [False, True, False]])


def rag_sequence_probability(generator, hidden, mask, prior, answer: list[int]) -> float:
    """Σ_z p(z|x) Π_t p(y_t|x,z,y_<t) of one question, in loops; `prior` are probabilities."""
    rows = zip(prior, hidden, mask, strict=True)
    return sum(p * math.exp(sum(answer_logprobs(generator, h, m, answer))) for p, h, m in rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("decode", [thorough, fast])
def test_beams_as_wide_as_the_number_of_answers_rank_them_as_brute_force_does(decode, seed):
    V, max_length, K = 4, 4, 3
    generator = tiny_generator(seed, vocab_size=V)
    hidden, mask = ragged_sources(generator, rows=K, seed=seed)
    prior = random_prior(1, K, seed)
    answers = every_answer(V, max_length)
    probability = {
        tuple(y): rag_sequence_probability(generator, hidden, mask, prior[0].exp().tolist(), y) for y in answers
    }
    assert sum(probability.values()) == pytest.approx(1.0, abs=1e-9)
    wide = options(num_beams=len(answers), num_return_sequences=len(answers), max_length=max_length)
    found = decode(generator, hidden, mask, prior, wide)[0]
    assert [tuple(c.tokens) for c in found] == sorted(probability, key=probability.__getitem__, reverse=True)
    for candidate in found:
        assert candidate.logprob == pytest.approx(math.log(probability[tuple(candidate.tokens)]), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_thorough_score_is_the_likelihood_of_the_answer_and_the_fast_score_is_no_higher(seed):
    generator = tiny_generator(seed)
    hidden, mask = ragged_sources(generator, rows=6, seed=seed)
    prior = random_prior(2, 3, seed, mask=MISSING)
    forced = {"forced_bos_token_id": 0, "forced_eos_token_id": EOS} if seed == 2 else {}
    search = options(num_beams=3, num_return_sequences=3, max_length=6, **forced)
    exact = thorough(generator, hidden, mask, prior, search)
    bound = fast(generator, hidden, mask, prior, search)
    for b in range(2):
        rows = slice(3 * b, 3 * b + 3)
        for candidate in exact[b] + bound[b]:
            p = rag_sequence_probability(generator, hidden[rows], mask[rows], prior[b].exp().tolist(), candidate.tokens)
            if candidate in exact[b]:
                assert candidate.logprob == pytest.approx(math.log(p), abs=1e-9)
            else:
                assert candidate.logprob <= math.log(p) + 1e-9


def test_the_fast_score_leaves_out_the_passages_that_did_not_propose_the_answer():
    generator = tiny_generator(seed=11)
    hidden, mask = ragged_sources(generator, rows=3, seed=11)
    prior = random_prior(1, 3, seed=11)
    search = options(num_beams=2, num_return_sequences=2, max_length=6)
    beams = candidates_per_passage(generator, hidden, mask, prior, search)[0]
    partly = 0
    for candidate in fast(generator, hidden, mask, prior, search)[0]:
        proposers = [k for k in range(3) if any(h.tokens == candidate.tokens for h in beams[k])]
        p = rag_sequence_probability(
            generator, hidden[proposers], mask[proposers], prior[0, proposers].exp().tolist(), candidate.tokens
        )
        assert candidate.logprob == pytest.approx(math.log(p), abs=1e-9)
        partly += len(proposers) < 3
    assert partly, "the case that this test is about did not occur"


def test_candidates_are_the_union_of_one_beam_search_per_passage():
    generator = tiny_generator(seed=6)
    hidden, mask = ragged_sources(generator, rows=6, seed=6)
    search = options(num_beams=3, num_return_sequences=3, max_length=7)
    found = candidates_per_passage(generator, hidden, mask, random_prior(2, 3, seed=6, mask=MISSING), search)
    for row, (passage, there) in enumerate(zip(found[0] + found[1], MISSING.flatten().tolist(), strict=True)):
        step = bart_step(generator, hidden[row : row + 1], mask[row : row + 1], 3)
        expected = beam_search(step, 1, search)[0] if there else []
        assert [h.tokens for h in passage] == [h.tokens for h in expected]


@pytest.mark.parametrize("decode", [thorough, fast])
def test_candidates_are_distinct_and_best_first_and_as_many_as_there_are(decode):
    generator = tiny_generator(seed=8)
    hidden, mask = ragged_sources(generator, rows=2, seed=8)
    same = hidden[[0, 0]], mask[[0, 0]]  # two passages that propose the same answers
    search = options(num_beams=3, num_return_sequences=3, max_length=2)
    candidates = decode(generator, *same, random_prior(1, 2, seed=8), search)[0]
    assert len({tuple(c.tokens) for c in candidates}) == len(candidates) == 3
    assert [c.logprob for c in candidates] == sorted((c.logprob for c in candidates), reverse=True)


@pytest.mark.parametrize("decode", [thorough, fast])
def test_without_deduplication_an_answer_comes_once_for_every_passage_that_found_it(decode):
    generator = tiny_generator(seed=8)
    hidden, mask = ragged_sources(generator, rows=2, seed=8)
    same = hidden[[0, 0]], mask[[0, 0]]
    search = options(num_beams=3, num_return_sequences=6, max_length=5)
    once, again = (
        decode(generator, *same, random_prior(1, 2, seed=8), search, True, each)[0] for each in (True, False)
    )
    assert len(once) == 3 and again == [candidate for candidate in once for _ in range(2)]


@pytest.mark.parametrize("decode", [thorough, fast])
def test_asking_for_fewer_answers_than_there_are_returns_the_first_of_them(decode):
    generator = tiny_generator(seed=8)
    hidden, mask = ragged_sources(generator, rows=3, seed=8)
    prior = random_prior(1, 3, seed=8)
    everything, two = (
        decode(generator, hidden, mask, prior, options(num_beams=3, num_return_sequences=wanted, max_length=6))[0]
        for wanted in (3, 2)
    )
    assert len(everything) == 3 and two == everything[:2]


def test_more_answers_wanted_than_there_are_gives_those_there_are():
    """Deviation 4: transformers fails with "selected index k out of range"."""
    generator = tiny_generator(seed=8, vocab_size=4)
    hidden, mask = ragged_sources(generator, rows=2, seed=8)
    search = options(num_beams=9, num_return_sequences=9, max_length=2)
    candidates = thorough(generator, hidden, mask, random_prior(1, 2, seed=8), search)[0]
    assert sorted(c.tokens for c in candidates) == [[START, v] for v in range(4)]


@pytest.mark.parametrize("decode", [thorough, fast])
def test_a_batch_with_missing_passages_gives_the_same_answers_as_one_by_one_without(decode):
    generator = tiny_generator(seed=9)
    hidden, mask = ragged_sources(generator, rows=6, seed=9)
    prior = random_prior(2, 3, seed=9, mask=MISSING)
    missing = ~MISSING.flatten()
    hidden[missing], mask[missing] = float("nan"), False
    search = options(num_beams=3, num_return_sequences=3, max_length=8)
    together = decode(generator, hidden, mask, prior, search)
    for b in range(2):
        there = torch.arange(3 * b, 3 * b + 3)[MISSING[b]]
        alone = decode(generator, hidden[there], mask[there], prior[b : b + 1, MISSING[b]], search)[0]
        assert [c.tokens for c in alone] == [c.tokens for c in together[b]]
        assert [c.logprob for c in alone] == pytest.approx([c.logprob for c in together[b]], abs=1e-9)


@pytest.mark.parametrize("decode", [thorough, fast])
def test_nothing_is_encoded_while_decoding(decode, monkeypatch):
    generator = tiny_generator(seed=10)
    hidden, mask = ragged_sources(generator, rows=2, seed=10)
    monkeypatch.setattr(BartForConditionalGeneration, "encode", None)
    monkeypatch.setattr(generator.encoder, "forward", None)
    assert decode(generator, hidden, mask, random_prior(1, 2, seed=10), options(num_beams=2, max_length=6))[0]


def test_answers_scored_together_by_the_oracle_have_the_scores_they_have_alone():
    generator = tiny_generator(seed=12)
    hidden, mask = ragged_sources(generator, rows=3, seed=12)
    answers = [[START, EOS], [START, 5, PAD, 7, EOS], [START, 4, 4]]
    table, token_mask = score_answers(generator, hidden, mask, answers, PAD)
    assert token_mask.sum(dim=1).tolist() == [1, 4, 2]
    for c, answer in enumerate(answers):
        for k in range(3):
            alone = answer_logprobs(generator, hidden[k], mask[k], answer)
            assert table[c, k, : len(alone)].tolist() == pytest.approx(alone, abs=1e-9)


def test_the_empty_answer_is_scored_with_the_prior():
    """Deviation 1: transformers lost the prior of [start, eos], whose "probability" could exceed 1."""
    generator = tiny_generator(seed=13)
    generator.logits_bias[0, EOS] += 20.0  # whatever the passage, the answer is empty
    hidden, mask = ragged_sources(generator, rows=2, seed=13)
    best = thorough(generator, hidden, mask, random_prior(1, 2, seed=13), options(num_beams=2, max_length=5))[0][0]
    assert best.tokens == [START, EOS] and -0.01 < best.logprob < 0.0


def test_distinct_answers_keep_the_order_in_which_they_were_found():
    generator = tiny_generator(seed=14)
    hidden, mask = ragged_sources(generator, rows=2, seed=14)
    beams = candidates_per_passage(generator, hidden, mask, random_prior(1, 2, seed=14), options(num_beams=2))[0]
    answers = distinct_answers([beams[0], beams[1], beams[0]])
    assert answers[:2] == [h.tokens for h in beams[0]]
    assert answers == distinct_answers(beams)


@pytest.mark.parametrize("decode", [thorough, fast])
def test_there_is_no_next_token_to_draw_in_rag_sequence(decode):
    generator = tiny_generator(seed=15)
    hidden, mask = ragged_sources(generator, rows=2, seed=15)
    with pytest.raises(
        ValueError, match=r"^do_sample=True: RAG-Sequence looks for the best answer; draw answers from RAG-Token$"
    ):
        decode(generator, hidden, mask, random_prior(1, 2, seed=15), options(do_sample=True))


@pytest.mark.parametrize("decode", [thorough, fast])
@pytest.mark.parametrize("num_beams", [1, 3])
def test_constraints_hold_in_every_passage_and_are_asked_about_the_question(decode, num_beams):
    """The first question has no second passage: the rows that are searched are not those of the batch."""
    generator = tiny_generator(seed=16)
    hidden, mask = ragged_sources(generator, rows=6, seed=16)
    allowed = [[3, 4, 5], [6, 7, 8]]
    search = options(
        num_beams=num_beams,
        num_return_sequences=num_beams,
        max_length=6,
        bad_words_ids=[[4], [7]],
        prefix_allowed_tokens_fn=lambda question, _: [*allowed[question], EOS],
    )
    prior = random_prior(2, 3, seed=16, mask=MISSING)
    for question, candidates in enumerate(decode(generator, hidden, mask, prior, search)):
        assert len(candidates) == num_beams
        for candidate in candidates:
            assert set(candidate.tokens[1:]) <= {*allowed[question], EOS} - {4, 7}


@pytest.mark.parametrize("decode", [thorough, fast])
def test_one_beam_is_greedy_and_its_repetition_penalty_reads_logits(decode):
    """As in transformers, where each passage's answer comes from a search without beams."""
    generator = tiny_generator(seed=17)
    hidden, mask = ragged_sources(generator, rows=2, seed=17)
    search = options(max_length=9, repetition_penalty=3.0)
    beams = candidates_per_passage(generator, hidden, mask, random_prior(1, 2, seed=17), search)[0]
    step = bart_step(generator, hidden, mask, 1, normalise=False)
    assert beams == greedy_search(step, 2, search)
    assert beams != greedy_search(bart_step(generator, hidden, mask, 1), 2, search)
