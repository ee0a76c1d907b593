"""Is everything made on the device that is asked for? The second device of these tests is "meta", which holds no data: what
is made there by mistake cannot be used."""

import pytest
import torch
from hypothesis import given, settings

from minirag.decoding.beam_search import beam_search
from minirag.decoding.greedy import greedy_search
from minirag.decoding.sampling import random_stream, sample
from minirag.decoding.search import search as search_as_told
from tests.decoding.rag_problems import (
    drawn_problems,
    rag_problem,
    rag_sequence_fast,
    rag_sequence_thorough,
    rag_token_beam,
    rag_token_greedy,
)
from tests.decoding.tabled_model import TabledModel, options


@pytest.mark.parametrize("decode", [rag_token_greedy, rag_token_beam, rag_sequence_fast, rag_sequence_thorough])
@settings(max_examples=2)
@given(drawn=drawn_problems())
def test_rag_decodes_where_its_generator_is(decode, drawn):
    problem = rag_problem(*drawn)
    expected = decode(problem)
    with torch.device("meta"):
        assert decode(problem) == expected


@pytest.mark.parametrize(
    ("search", "settings"),
    [
        (greedy_search, {}),
        (beam_search, {}),
        (beam_search, {"num_beams": 3}),
        (beam_search, {"min_length": 3, "no_repeat_ngram_size": 1, "bad_words_ids": [[2]], "repetition_penalty": 2.0}),
        (beam_search, {"forced_bos_token_id": 2, "prefix_allowed_tokens_fn": lambda *_: [2, 3]}),
        (sample, {"do_sample": True}),
        (sample, {"do_sample": True, "seed": 1}),
        *((search_as_told, settings) for settings in ({}, {"num_beams": 2}, {"do_sample": True})),
    ],
)
def test_a_search_runs_where_it_is_told_to(search, settings):
    def step(prefixes, parents):
        return torch.full((*prefixes.shape[:2], 6), 1 / 6, dtype=torch.float64, device="cpu").log()

    with torch.device("meta"):
        answers = search(step, 2, options(max_length=4, **settings), device="cpu")
    assert [len(row) for row in answers] == [1, 1]


def test_a_seed_draws_on_the_device_of_the_search():
    assert random_stream(3, None).device == random_stream(3, "cpu").device == torch.device("cpu")
    model, search = TabledModel(questions=1, V=3, max_length=3, seed=0), options(do_sample=True, seed=3)
    for ask in (lambda: random_stream(3, "meta"), lambda: sample(model.step, 1, search, "meta")):
        with pytest.raises(RuntimeError, match="META"):  # there is no generator without data: so it was asked for
            ask()
