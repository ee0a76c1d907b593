"""Is everything made on the device that is asked for? The second device of these tests is "meta", which holds no data: what
is made there by mistake cannot be used."""

import pytest
import torch
from hypothesis import given, settings

from minirag.decoding.beam_search import beam_search
from minirag.decoding.greedy import greedy_search
from minirag.decoding.rag_sequence import score_answers
from tests.decoding.rag_problems import (
    drawn_problems,
    rag_problem,
    rag_sequence_fast,
    rag_token_beam,
    rag_token_greedy,
)
from tests.decoding.tabled_model import options
from tests.decoding.tiny_generator import tiny_generator


@pytest.mark.parametrize("decode", [rag_token_greedy, rag_token_beam, rag_sequence_fast])
@settings(max_examples=2)
@given(drawn=drawn_problems())
def test_rag_decodes_where_its_generator_is(decode, drawn):
    problem = rag_problem(*drawn)
    expected = decode(problem)
    with torch.device("meta"):
        assert decode(problem) == expected


@pytest.mark.parametrize(("search", "num_beams"), [(greedy_search, 1), (beam_search, 1), (beam_search, 3)])
def test_a_search_runs_where_it_is_told_to(search, num_beams):
    def step(prefixes, parents):
        return torch.full((*prefixes.shape[:2], 4), 0.25, dtype=torch.float64, device="cpu").log()

    with torch.device("meta"):
        answers = search(step, 2, options(num_beams=num_beams, max_length=4), device="cpu")
    assert [len(row) for row in answers] == [1, 1]


def test_answers_are_scored_where_the_generator_is():
    generator = tiny_generator(seed=0).to("meta")
    hidden, mask = torch.empty(3, 5, 8, dtype=torch.float64, device="meta"), torch.ones(3, 5, dtype=bool, device="meta")
    table, token_mask = score_answers(generator, hidden, mask, [[2, 4, 2], [2, 2]], pad_token_id=1)
    assert table.is_meta and table.shape == (2, 3, 2)
    assert token_mask.is_meta and token_mask.shape == (2, 2)
