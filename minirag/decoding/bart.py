"""Which token does BART expect next, for many prefixes at once? The `step` that beam search asks for.

Paper     RAG §2.3 (generator), §2.5 (decoding)
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_bart_step.py (cached = uncached), tests/crosscheck/test_decoding.py

Axes: R source rows (questions, or B·K passages with their question), W beams, t tokens so far, S source tokens.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.decoding.beam_search import Step
from minirag.model.bart import BartForConditionalGeneration


def bart_step(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "R S D"],
    encoder_mask: Bool[Tensor, "R S"],
    num_beams: int,
    use_cache: bool = True,
) -> Step:
    """step(prefixes)[r, w, v] = log p(v | x_r, prefix w of row r). The source is never encoded again.

    With the cache, a step reads one new token per beam; without, the whole prefix again, and answers the same.
    """
    start = cached_step if use_cache else uncached_step
    return start(generator, encoder_hidden, encoder_mask, num_beams)


def uncached_step(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "R S D"],
    encoder_mask: Bool[Tensor, "R S"],
    num_beams: int,
) -> Step:
    hidden = encoder_hidden.repeat_interleave(num_beams, dim=0)  # (R*W, S, D)
    mask = encoder_mask.repeat_interleave(num_beams, dim=0)

    def step(prefixes: Int[Tensor, "R W t"], parents: Int[Tensor, "R W"] | None) -> Float[Tensor, "R W V"]:
        logits = generator.decode(prefixes.flatten(0, 1), hidden, mask).logits[:, -1]  # (R*W, V)
        return log_softmax(logits).unflatten(0, prefixes.shape[:2])

    return step


def cached_step(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "R S D"],
    encoder_mask: Bool[Tensor, "R S"],
    num_beams: int,
) -> Step:
    cache = generator.start_cache(encoder_hidden, encoder_mask, beams=num_beams)

    def step(prefixes: Int[Tensor, "R W t"], parents: Int[Tensor, "R W"] | None) -> Float[Tensor, "R W V"]:
        if parents is not None:
            cache.reorder(cache_rows(parents))
        logits = generator.decode_step(prefixes[:, :, -1].reshape(-1, 1), cache)  # (R*W, V)
        return log_softmax(logits).unflatten(0, prefixes.shape[:2])

    return step


def cache_rows(parents: Int[Tensor, "R W"]) -> Int[Tensor, " RW"]:
    """r·W + parents[r, w]: beam numbers within a source row become row numbers of the cache."""
    first_row = torch.arange(parents.shape[0], device=parents.device) * parents.shape[1]
    return (first_row[:, None] + parents).flatten()


def log_softmax(logits: Float[Tensor, "RW V"]) -> Float[Tensor, "RW V"]:
    """log p(v | …), in float32 or wider."""
    return logits.log_softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))
