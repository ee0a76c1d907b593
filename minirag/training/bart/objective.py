"""What is a batch's loss? −log p of every target token, with labels smoothed and attention guided where asked.

Paper     Lewis et al. 2019 (BART), §2.2 (cross-entropy of the decoder's output); Szegedy et al. 2016, §7 (label smoothing)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_objective.py

Each loss here is a share: of some rows of a batch, over the tokens of the whole batch. Shares add up to the batch's mean,
whether its rows are on one machine or on several, at once or one part after the other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.model.attention import padding_mask
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.bart_layers import shift_right
from minirag.model.output_layer import read_in_chunks
from minirag.text.batching import pad_ids
from minirag.training.bart.examples import Example
from minirag.training.bart.matching import matched_tokens, matching_loss
from minirag.training.guided_attention import guidance_loss, marked

LOGITS = 2**22  # that are held at once: 16 MB


@dataclass(frozen=True)
class Whole:
    """Of a whole batch: its target tokens, those that were copied, and tokens of passages and of questions that match.

    With them, what is asked of it besides: label smoothing, and the weights of guided attention and of matching.
    """

    tokens: int
    copied: int
    matched: tuple[int, int]
    smoothing: float = 0.0
    guidance: float = 0.0
    matching: float = 0.0


def whole_of(batch: Sequence[Example], smoothing: float = 0.0, guidance: float = 0.0, matching: float = 0.0) -> Whole:
    copied = sum(len({place for place, _ in example.copied}) for example in batch)
    passages, questions = zip(*(matched_tokens(example.matched) for example in batch), strict=True)
    tokens = sum(len(example.target) for example in batch)
    return Whole(tokens, copied, (sum(passages), sum(questions)), smoothing, guidance, matching)


def part_losses(
    generator: BartForConditionalGeneration, rows: Sequence[Example], parts: int, whole: Whole
) -> Iterator[Callable[[], Float[Tensor, ""]]]:
    """One loss for each of at most `parts` parts of the rows: what `accumulate` takes."""
    size = max(1, -(-len(rows) // parts))
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        yield lambda part=part: share_of_loss(generator, part, whole)  # type: ignore[misc]


def share_of_loss(generator: BartForConditionalGeneration, rows: Sequence[Example], whole: Whole) -> Float[Tensor, ""]:
    """Σ_t −[(1−ε) log p(y_t) + ε/V Σ_v log p(v)] / tokens, + guidance · and matching · their shares, over these rows."""
    device, config = generator.embed_tokens.weight.device, generator.config
    source = pad_ids([row.source for row in rows], config.pad_token_id)
    target = pad_ids([row.target for row in rows], config.pad_token_id)
    source_mask, labels = source.attention_mask.to(device), target.input_ids.to(device)
    hidden, first = encode(generator, source.input_ids.to(device), source_mask, whole.matching > 0)
    words = generator.embed_tokens(shift_right(labels, config.decoder_start_token_id, config.pad_token_id))
    states, weights = generator.decoder(words, hidden, source_mask, weights_wanted=whole.guidance > 0)
    real = target.attention_mask.to(device)
    loss = summed_loss(generator, states[-1][real], labels[real], whole.smoothing) / whole.tokens
    cross = weights[-1][1]
    if whole.guidance > 0 and whole.copied and cross is not None:
        places = marked([row.copied for row in rows], *cross.shape[2:]).to(device)
        aligned = places.any(dim=-1).sum()
        loss = loss + whole.guidance * guidance_loss(cross, places) * aligned / whole.copied
    if first is not None:
        matched = marked([row.matched for row in rows], *first.shape[2:]).to(device)
        loss = loss + whole.matching * matching_loss(first, matched, whole.matched)
    return loss


def encode(
    generator: BartForConditionalGeneration, ids: Int[Tensor, "B S"], mask: Bool[Tensor, "B S"], first_wanted: bool
) -> tuple[Float[Tensor, "B S D"], Float[Tensor, "B H S S"] | None]:
    """The source's states; and where the first layer looked, if wanted: the other layers need not say."""
    if not first_wanted:
        return generator.encode(ids, mask).last_hidden_state, None
    weights = None
    states = generator.encoder.embeddings(generator.embed_tokens(ids))
    for number, layer in enumerate(generator.encoder.layers):
        states, seen = layer(states, padding_mask(mask), weights_wanted=number == 0)
        weights = seen if number == 0 else weights
    return states, weights


def summed_loss(
    generator: BartForConditionalGeneration, states: Float[Tensor, "n D"], targets: Tensor, smoothing: float
) -> Float[Tensor, ""]:
    """Σ_i −[(1−ε) log p(y_i) + ε/V Σ_v log p(v)] over n target tokens; their logits are never held all at once."""

    def read(logprobs: Float[Tensor, "t V"], part: slice) -> Float[Tensor, "t"]:
        picked = logprobs.gather(dim=-1, index=targets[part, None])[:, 0]
        return (1 - smoothing) * picked + smoothing * logprobs.mean(dim=-1) if smoothing else picked

    chunk = max(1, LOGITS // generator.config.vocab_size)
    parts = read_in_chunks(states, generator.embed_tokens.weight, generator.logits_bias[0], read, chunk)
    return -torch.cat(parts).sum()


def fading(step: int, weight: float, steps: int) -> float:
    """The weight of what is only a help: linear from `weight` at the beginning to 0 after `steps` steps; 0 steps: it stays."""
    return weight if steps == 0 else weight * max(0.0, 1 - step / steps)
