"""Does BART alone do the search that the settings ask for?"""

import dataclasses

import pytest
import torch

from minirag.decoding.bart import bart_decode, bart_generate, bart_step
from minirag.decoding.beam_search import beam_search
from minirag.decoding.greedy import greedy_search
from minirag.decoding.sampling import sample
from minirag.model.bart import BartForConditionalGeneration
from tests.decoding.tiny_generator import EOS, PAD, options, ragged_sources, tiny_generator

IDS = torch.tensor([[5, 6, 7, EOS], [8, EOS, PAD, PAD]])
MASK = IDS != PAD


def search_alone(generator, hidden, mask, search):
    """Each search by its own name, on the step that belongs to it."""
    if search.do_sample:
        step = bart_step(generator, hidden, mask, search.num_return_sequences, normalise=False)
        return sample(step, len(hidden), search)
    if search.num_beams == 1:
        return greedy_search(bart_step(generator, hidden, mask, 1, normalise=False), len(hidden), search)
    return beam_search(bart_step(generator, hidden, mask, search.num_beams), len(hidden), search)


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_beams": 2, "num_return_sequences": 2},
        {"num_beams": 3, "num_return_sequences": 1},
        {"do_sample": True, "seed": 1},
        {"do_sample": True, "seed": 1, "num_return_sequences": 3},
    ],
)
def test_the_options_choose_the_search(settings, use_cache):
    """A repetition penalty tells logits from log-probabilities."""
    generator = tiny_generator(seed=3)
    hidden, mask = ragged_sources(generator, rows=3, seed=3)
    search = options(max_length=8, repetition_penalty=1.7, **settings)
    found = bart_decode(generator, hidden, mask, search, use_cache)
    expected = search_alone(generator, hidden, mask, search)
    assert [[h.tokens for h in row] for row in found] == [[h.tokens for h in row] for row in expected]
    assert [[h.score for h in row] for row in found] == [
        pytest.approx([h.score for h in row], abs=1e-9) for row in expected
    ]


def test_a_step_without_normalising_gives_the_logits():
    generator = tiny_generator(seed=4)
    hidden, mask = ragged_sources(generator, rows=2, seed=4)
    start = torch.full((2, 1, 1), EOS)
    expected = generator.decode(start[:, 0], hidden, mask).logits  # (2, 1, V)
    for use_cache in (True, False):
        logits = bart_step(generator, hidden, mask, 1, use_cache, normalise=False)(start, None)
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-9)
        logprobs = bart_step(generator, hidden, mask, 1, use_cache)(start, None)
        torch.testing.assert_close(logprobs, expected.log_softmax(dim=2), rtol=0, atol=1e-9)


def test_logits_of_a_half_precision_generator_are_float32():
    generator = tiny_generator(seed=1).to(torch.bfloat16)
    hidden, mask = ragged_sources(generator, rows=1, seed=1)
    step = bart_step(generator, hidden, mask, num_beams=1, normalise=False)
    assert step(torch.full((1, 1, 1), EOS), None).dtype == torch.float32


def test_what_is_not_said_comes_from_the_generators_config():
    generator = tiny_generator(seed=5)
    generator.config = dataclasses.replace(generator.config, num_beams=3, max_length=7, no_repeat_ngram_size=2)
    with torch.no_grad():
        hidden = generator.encode(IDS, MASK).last_hidden_state
    search = options(num_beams=3, num_return_sequences=2, max_length=7, no_repeat_ngram_size=2)
    assert bart_generate(generator, IDS, MASK, num_return_sequences=2) == bart_decode(generator, hidden, MASK, search)


def test_one_search_finds_no_more_answers_than_it_has_beams():
    with pytest.raises(ValueError, match="num_return_sequences=3 is more than num_beams=2"):
        bart_generate(tiny_generator(seed=1), IDS, MASK, num_beams=2, num_return_sequences=3)


def test_without_a_mask_what_is_not_padding_is_real():
    generator = tiny_generator(seed=6)
    assert bart_generate(generator, IDS, num_beams=2) == bart_generate(generator, IDS, MASK, num_beams=2)
    everything = torch.ones_like(MASK)
    with_padding = bart_generate(generator, IDS, everything, num_beams=2)
    assert with_padding != bart_generate(generator, IDS, num_beams=2)


def test_the_cache_changes_nothing_and_can_be_left_out(monkeypatch):
    generator = tiny_generator(seed=7)
    cached = bart_generate(generator, IDS, num_beams=3)
    monkeypatch.setattr(BartForConditionalGeneration, "start_cache", None)
    uncached = bart_generate(generator, IDS, use_cache=False, num_beams=3)
    assert [h.tokens for (h,) in cached] == [h.tokens for (h,) in uncached]


def test_generating_keeps_no_gradients():
    generator = tiny_generator(seed=8).requires_grad_(True)
    seen = []
    generator.embed_tokens.register_forward_hook(lambda module, ids, out: seen.append(out.requires_grad))
    bart_generate(generator, IDS, max_length=3)
    hidden, mask = ragged_sources(generator, rows=1, seed=8)
    seen.clear()
    bart_decode(generator, hidden, mask, options(max_length=3))
    assert seen and not any(seen)
