"""What does BART write? Which token it expects next, for many prefixes at once: the `step` that every search asks for.

Paper     RAG §2.3 (generator), §2.5 (decoding)
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_bart_step.py (cached = uncached), tests/crosscheck/test_decoding.py

Axes: R source rows (questions, or B·K passages with their question), W beams, t tokens so far, S source tokens.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.decoding.beam_search import Hypothesis, LeavingStep, Step
from minirag.decoding.search import search
from minirag.decoding.search_options import SearchOptions, check_one_search, options_for
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.decoder_cache import DecoderCache


@torch.no_grad()
def bart_generate(
    generator: BartForConditionalGeneration,
    input_ids: Int[Tensor, "R S"],
    attention_mask: Bool[Tensor, "R S"] | None = None,
    use_cache: bool = True,
    **settings: Any,
) -> list[list[Hypothesis]]:
    """BART on its own: the num_return_sequences answers to each source, tokens and log-probabilities, best first.

    `settings` are those of `SearchOptions`, or max_new_tokens; what is not given comes from the generator's config.
    Without a mask, what is not the padding id is real.
    """
    options = check_one_search(options_for(generator.config, settings))
    mask = input_ids != generator.config.pad_token_id if attention_mask is None else attention_mask
    encoded = generator.encode(input_ids, mask).last_hidden_state
    return bart_decode(generator, encoded, mask, options, use_cache)


@torch.no_grad()
def bart_decode(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "R S D"],
    encoder_mask: Bool[Tensor, "R S"],
    options: SearchOptions,
    use_cache: bool = True,
) -> list[list[Hypothesis]]:
    """`bart_generate` for sources that are encoded already.

    Beams are scored by log-probability. Where there are none, the constraints read the logits, as in transformers.
    """
    step = bart_step(generator, encoder_hidden, encoder_mask, options.width, use_cache, options.num_beams > 1)
    return search(step, len(encoder_hidden), options, encoder_hidden.device)


def bart_step(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "R S D"],
    encoder_mask: Bool[Tensor, "R S"],
    num_beams: int,
    use_cache: bool = True,
    normalise: bool = True,
) -> Step:
    """step(prefixes)[r, w, v] = log p(v | x_r, prefix w of row r). The source is never encoded again.

    With the cache, a step reads one new token per beam; without, the whole prefix again, and answers the same.
    normalise=False: the logits, of which that is the log-softmax.
    """
    start = cached_step if use_cache else uncached_step
    return start(generator, encoder_hidden, encoder_mask, num_beams, normalise)


def uncached_step(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "R S D"],
    encoder_mask: Bool[Tensor, "R S"],
    num_beams: int,
    normalise: bool,
) -> Step:
    hidden = encoder_hidden.repeat_interleave(num_beams, dim=0)  # (R*W, S, D)
    mask = encoder_mask.repeat_interleave(num_beams, dim=0)

    def step(prefixes: Int[Tensor, "R W t"], parents: Int[Tensor, "R W"] | None) -> Float[Tensor, "R W V"]:
        logits = generator.decode(prefixes.flatten(0, 1), hidden, mask).logits[:, -1]  # (R*W, V)
        return scores(logits, normalise).unflatten(0, prefixes.shape[:2])

    return step


def cached_step(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "R S D"],
    encoder_mask: Bool[Tensor, "R S"],
    num_beams: int,
    normalise: bool,
) -> Step:
    return step_with(generator, generator.start_cache(encoder_hidden, encoder_mask, num_beams), normalise)


def step_with(generator: BartForConditionalGeneration, cache: DecoderCache, normalise: bool = True) -> Step:
    """`bart_step` over a cache in which nothing was decoded yet."""

    def step(prefixes: Int[Tensor, "R W t"], parents: Int[Tensor, "R W"] | None) -> Float[Tensor, "R W V"]:
        if parents is None:  # W copies of the start token: one is enough
            first = scores(generator.decode_step(prefixes[:, 0, -1:], cache), normalise)  # (R, V)
            cache.branch()
            return first[:, None].expand(-1, cache.beams, -1)
        cache.reorder(cache_rows(parents))
        logits = generator.decode_step(prefixes[:, :, -1].reshape(-1, 1), cache)  # (R*W, V)
        return scores(logits, normalise).unflatten(0, prefixes.shape[:2])

    return LeavingStep(step, cache.keep)


def cache_rows(parents: Int[Tensor, "R W"]) -> Int[Tensor, " RW"]:
    """r·W + parents[r, w]: beam numbers within a source row become row numbers of the cache."""
    first_row = torch.arange(parents.shape[0], device=parents.device) * parents.shape[1]
    return (first_row[:, None] + parents).flatten()


def scores(logits: Float[Tensor, "RW V"], normalise: bool) -> Float[Tensor, "RW V"]:
    """log p(v | …) = logits − log Σ_v exp logits, or the logits as they are; in float32 or wider. `logits` are used up."""
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if not normalise:
        return wide
    return torch.log_softmax(wide, dim=1, out=None if wide.requires_grad else wide)  # the widest tensor there is, once
