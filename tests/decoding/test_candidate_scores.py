"""Is clever scoring plain scoring? The same candidates with the same scores, and less work."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.decoding.candidate_scores import proposed_table, score_the_rest
from minirag.decoding.rag_sequence import candidates_per_passage, start_sources, thorough
from minirag.likelihood import NEVER
from minirag.model.bart import BartForConditionalGeneration
from tests.decoding.plain_rag_sequence import plain_thorough
from tests.decoding.rag_problems import drawn_problems, rag_problem
from tests.decoding.tiny_generator import EOS, START, options


@settings(max_examples=15)
@given(
    drawn=drawn_problems(max_questions=3, max_passages=4),
    wanted=st.integers(1, 6),
    num_beams=st.integers(1, 4),
    sure=st.sampled_from([1.0, 4.0]),
    once=st.booleans(),
    forced=st.sampled_from([{}, {"forced_bos_token_id": 0, "forced_eos_token_id": EOS}, {"min_length": 4}]),
)
def test_thorough_decoding_finds_what_plain_scoring_finds(drawn, wanted, num_beams, sure, once, forced):
    problem = rag_problem(*drawn)
    problem.generator.embed_tokens.weight.mul_(sure)  # the surer each passage is, the more is dropped
    rows = problem.hidden.flatten(0, 1), problem.mask.flatten(0, 1)
    search = options(num_beams=num_beams, num_return_sequences=wanted, max_length=9, **forced)
    found = thorough(problem.generator, *rows, problem.prior, search, do_deduplication=once)
    expected = plain_thorough(problem.generator, *rows, problem.prior, search, do_deduplication=once)
    for mine, plain in zip(found, expected, strict=True):
        assert [c.tokens for c in mine] == [c.tokens for c in plain]
        assert [c.logprob for c in mine] == pytest.approx([c.logprob for c in plain], abs=1e-9)


def read_nodes(problem, search, monkeypatch) -> int:
    """How many positions the decoder reads to score what the beams did not."""
    rows = problem.hidden.flatten(0, 1), problem.mask.flatten(0, 1)
    found = candidates_per_passage(problem.generator, *rows, problem.prior, search)
    tables = [proposed_table(beams, prior) for beams, prior in zip(found, problem.prior, strict=True)]
    counts, read = [0], BartForConditionalGeneration.read_nodes

    def read_and_count(self, *given):
        states = read(self, *given)
        counts.append(states.shape[:2].numel())
        return states

    with monkeypatch.context() as patch:
        patch.setattr(BartForConditionalGeneration, "read_nodes", read_and_count)
        sources = start_sources(problem.generator, *rows, problem.prior)
        score_the_rest(problem.generator, sources, tables, search.num_return_sequences)
    return sum(counts)


def test_a_passage_does_not_read_again_what_it_proposed_itself(monkeypatch):
    alone = rag_problem(0, torch.ones(1, 1, dtype=torch.bool))
    twice = alone.with_passages([0, 0])
    search = options(num_beams=4, num_return_sequences=8, max_length=8)
    assert read_nodes(alone, search, monkeypatch) == read_nodes(twice, search, monkeypatch) == 0


def test_fewer_answers_wanted_are_fewer_positions_read(monkeypatch):
    problem = rag_problem(3, torch.ones(2, 4, dtype=torch.bool))
    one, all_of_them = (
        read_nodes(problem, options(num_beams=4, num_return_sequences=wanted, max_length=8), monkeypatch)
        for wanted in (1, 16)
    )
    assert 0 < one < all_of_them


def test_a_table_knows_what_the_beams_found_and_that_nothing_else_is_scored_yet():
    problem = rag_problem(5, torch.tensor([[True, False, True]]))
    rows = problem.hidden.flatten(0, 1), problem.mask.flatten(0, 1)
    beams = candidates_per_passage(problem.generator, *rows, problem.prior, options(num_beams=2, max_length=6))[0]
    table = proposed_table(beams, problem.prior[0])
    assert table.answers[0] == beams[0][0].tokens and table.answers[0][0] == START
    for c, answer in enumerate(table.answers):
        for k, beam in enumerate(beams):
            proposed = [h.logprob for h in beam if h.tokens == answer]
            assert table.whole[c, k].item() == bool(proposed)
            assert table.logprobs[c, k].item() == pytest.approx(sum(proposed))
    assert table.prior[1] == NEVER and not table.needed(9, 0.0)[:, 1].any()
