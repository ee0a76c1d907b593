"""Is greedy search the beam search with one beam, and the walk along the most likely tokens?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.decoding.beam_search import beam_search
from minirag.decoding.greedy import greedy_search
from tests.decoding.tabled_model import EOS, START, TabledModel, options
from tests.strategies import next_token_tables


@given(
    table=next_token_tables(),
    min_length=st.integers(0, 2),
    penalty=st.sampled_from([0.0, 1.0, 2.0]),
    early_stopping=st.booleans(),
    forced=st.sampled_from([{}, {"forced_bos_token_id": START}, {"forced_eos_token_id": EOS}]),
)
def test_greedy_search_is_beam_search_with_one_beam(table, min_length, penalty, early_stopping, forced):
    V, max_length, seed = table
    model = TabledModel(questions=3, V=V, max_length=max_length, seed=seed)
    narrow = options(
        max_length=max_length, min_length=min_length, length_penalty=penalty, early_stopping=early_stopping, **forced
    )
    for greedy, beam in zip(greedy_search(model.step, 3, narrow), beam_search(model.step, 3, narrow), strict=True):
        assert greedy[0].tokens == beam[0].tokens
        assert greedy[0].token_logprobs == pytest.approx(beam[0].token_logprobs, abs=1e-9)
        assert greedy[0].score == pytest.approx(beam[0].score, abs=1e-9)


@given(table=next_token_tables())
def test_greedy_search_takes_the_most_likely_token_each_time(table):
    V, max_length, seed = table
    model = TabledModel(questions=2, V=V, max_length=max_length, seed=seed)
    for question, (hypothesis,) in enumerate(greedy_search(model.step, 2, options(max_length=max_length))):
        expected = [START]
        while len(expected) < max_length and EOS not in expected:
            expected.append(int(model.tables[question][tuple(expected)].argmax()))
        assert hypothesis.tokens == expected


def test_greedy_search_refuses_beams():
    with pytest.raises(ValueError, match="num_beams=2"):
        greedy_search(TabledModel(1, 2, 2, 0).step, 1, options(num_beams=2))
