"""Does a decoding step give the generator's own probabilities, with and without the cache?"""

import pytest
import torch

from minirag.decoding.bart import bart_step, cache_rows
from minirag.decoding.beam_search import beam_search
from tests.decoding.tiny_generator import START, options, ragged_sources, tiny_generator


@pytest.mark.parametrize("seed", range(3))
def test_cached_steps_equal_uncached_steps_wherever_the_beams_go(seed):
    generator = tiny_generator(seed)
    hidden, mask = ragged_sources(generator, rows=3, seed=seed)
    cached, uncached = (bart_step(generator, hidden, mask, num_beams=4, use_cache=use) for use in (True, False))
    prefixes, parents = torch.full((3, 4, 1), START), None
    for _ in range(5):
        step = cached(prefixes, parents)
        torch.testing.assert_close(step, uncached(prefixes, parents), rtol=0, atol=1e-9)
        torch.testing.assert_close(step.exp().sum(dim=-1), torch.ones(3, 4, dtype=torch.float64))
        parents = torch.randint(4, (3, 4))
        kept = torch.stack([row[chosen] for row, chosen in zip(prefixes, parents, strict=True)])
        prefixes = torch.cat([kept, torch.randint(12, (3, 4, 1))], dim=2)


@pytest.mark.parametrize("num_beams", [1, 4])
def test_cached_and_uncached_decoding_find_the_same_answers(num_beams):
    generator = tiny_generator(seed=7)
    hidden, mask = ragged_sources(generator, rows=4, seed=7)
    search = options(num_beams=num_beams, num_return_sequences=num_beams, max_length=9)
    found = [
        beam_search(bart_step(generator, hidden, mask, num_beams, use_cache), 4, search) for use_cache in (True, False)
    ]
    assert [[h.tokens for h in row] for row in found[0]] == [[h.tokens for h in row] for row in found[1]]


def test_cache_rows_number_the_beams_of_all_source_rows_through():
    assert cache_rows(torch.tensor([[0, 0, 2], [1, 1, 0]])).tolist() == [0, 0, 2, 4, 4, 3]


def test_log_probabilities_of_a_half_precision_generator_are_float32():
    generator = tiny_generator(seed=1).to(torch.bfloat16)
    hidden, mask = ragged_sources(generator, rows=1, seed=1)
    assert bart_step(generator, hidden, mask, num_beams=1)(torch.full((1, 1, 1), START), None).dtype == torch.float32
