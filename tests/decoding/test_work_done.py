"""Does decoding do no more work than it must? One new token per step, nothing more once every answer is known."""

import pytest
import torch

from minirag.decoding.bart import bart_decode, bart_generate, bart_step
from minirag.decoding.beam_search import FinishedPool, Hypothesis, beam_search
from minirag.decoding.rag_sequence import candidates_per_passage, fast, thorough
from minirag.decoding.rag_token import rag_token_decode, rag_token_step
from minirag.model.bart import BartForConditionalGeneration
from tests.decoding.tiny_generator import EOS, START, options, ragged_sources, random_prior, tiny_generator

GENERATOR = tiny_generator(seed=0)
SOURCES = ragged_sources(GENERATOR, rows=3, seed=0)
PRIOR = random_prior(1, 3, seed=0)
SEARCH = options(num_beams=2, max_length=4)
ALL_WAYS = {
    "bart_generate": lambda **cache: bart_generate(GENERATOR, torch.tensor([[5, 6]]), num_beams=2, **cache),
    "bart_decode": lambda **cache: bart_decode(GENERATOR, *SOURCES, SEARCH, **cache),
    "bart_step": lambda **cache: bart_step(GENERATOR, *SOURCES, 2, **cache),
    "rag_token_step": lambda **cache: rag_token_step(GENERATOR, *SOURCES, PRIOR, 2, **cache),
    "rag_token_decode": lambda **cache: rag_token_decode(GENERATOR, *SOURCES, PRIOR, SEARCH, **cache),
    "thorough": lambda **cache: thorough(GENERATOR, *SOURCES, PRIOR, SEARCH, **cache),
    "fast": lambda **cache: fast(GENERATOR, *SOURCES, PRIOR, SEARCH, **cache),
    "candidates_per_passage": lambda **cache: candidates_per_passage(GENERATOR, *SOURCES, PRIOR, SEARCH, **cache),
}


@pytest.mark.parametrize("way", ALL_WAYS)
def test_the_cache_is_used_unless_told_not_to(way, monkeypatch):
    started, start = [], BartForConditionalGeneration.start_cache

    def start_and_tell(*args, **kwargs):
        started.append(way)
        return start(*args, **kwargs)

    monkeypatch.setattr(BartForConditionalGeneration, "start_cache", start_and_tell)
    ALL_WAYS[way]()
    assert started == [way]  # also of thorough decoding, whose candidates are read over the sources of the search
    ALL_WAYS[way](use_cache=False)
    assert started == ([way, way] if way == "thorough" else [way])  # candidates are read through a cache either way


@pytest.mark.parametrize(("live", "closed"), [(-1.0, True), (-0.9, False)])
def test_a_question_is_done_when_the_best_live_prefix_is_only_as_good_as_the_worst_finished_answer(live, closed):
    pool = FinishedPool(size=2)
    for score in (-1.0, -0.5):
        pool.add(Hypothesis([START, EOS], [score], score))
    pool.close_if_settled(live, 1, SEARCH)
    assert pool.closed is closed


def test_questions_that_are_answered_leave_the_batch_and_change_no_answer(monkeypatch):
    """Six passages' searches end at different lengths; a step is asked about fewer and fewer of them."""
    generator = tiny_generator(seed=12)
    hidden, mask = ragged_sources(generator, rows=6, seed=12)
    search, prior = options(num_beams=2, num_return_sequences=2, max_length=16), random_prior(2, 3, seed=12)
    rows, decode_step = [], BartForConditionalGeneration.decode_step

    def step_and_count(self, token_ids, cache):
        rows.append(len(token_ids))
        return decode_step(self, token_ids, cache)

    monkeypatch.setattr(BartForConditionalGeneration, "decode_step", step_and_count)
    together = bart_decode(generator, hidden, mask, search)
    assert rows[0] == 6 and rows[1] == 12 and rows[-1] < 12 and rows[1:] == sorted(rows[1:], reverse=True)
    alone = [bart_decode(generator, hidden[r : r + 1], mask[r : r + 1], search)[0] for r in range(6)]
    assert [[h.tokens for h in found] for found in together] == [[h.tokens for h in found] for found in alone]
    mixed = rag_token_decode(generator, hidden, mask, prior, search)
    for b in range(2):
        part = slice(3 * b, 3 * b + 3)
        found = rag_token_decode(generator, hidden[part], mask[part], prior[b : b + 1], search)[0]
        assert [h.tokens for h in found] == [h.tokens for h in mixed[b]]


def test_a_constraint_is_asked_about_the_question_that_is_left():
    asked = []

    def allowed(question, prefix):
        asked.append(question)
        return [EOS] if question < 3 and len(prefix) > 1 else [4, 5]

    generator = tiny_generator(seed=4)
    search = options(num_beams=1, max_length=6, prefix_allowed_tokens_fn=allowed)
    cached, plain = (bart_step(generator, *ragged_sources(generator, 4, seed=4), 1, use) for use in (True, False))
    found = [beam_search(step, 4, search) for step in (cached, plain)]
    assert [[h.tokens for h in row] for row in found[0]] == [[h.tokens for h in row] for row in found[1]]
    assert asked[:10] == [0, 1, 2, 3, 0, 1, 2, 3, 3, 3] and found[0][3][0].tokens[-1] in (4, 5)
