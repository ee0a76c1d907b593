"""What do the decoding tests decode with? A BART of two small layers, random and far from uniform, in float64."""

from itertools import product

import torch
from torch import Tensor

from minirag.configuration import BartConfig
from minirag.decoding.search_options import SearchOptions
from minirag.likelihood import doc_logprobs
from minirag.model.bart import BartForConditionalGeneration

START, PAD, EOS = 2, 1, 2  # as in BART, decoding starts with eos


def options(**settings) -> SearchOptions:
    return SearchOptions(decoder_start_token_id=START, eos_token_id=EOS, pad_token_id=PAD, **settings)


def tiny_generator(seed: int, vocab_size: int = 12) -> BartForConditionalGeneration:
    torch.manual_seed(seed)
    config = BartConfig(
        vocab_size=vocab_size,
        d_model=8,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=32,
        init_std=0.6,
    )
    generator = BartForConditionalGeneration(config).double().eval().requires_grad_(False)
    generator.logits_bias.normal_(std=0.5)
    generator.logits_bias[0, EOS] += 1.0
    return generator


def ragged_sources(
    generator: BartForConditionalGeneration, rows: int, seed: int, longest: int = 7
) -> tuple[Tensor, Tensor]:
    """(encoder_hidden, encoder_mask) of random sources whose lengths differ."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, generator.config.vocab_size, (rows, longest), generator=random)
    lengths = torch.randint(1, longest + 1, (rows,), generator=random)
    mask = torch.arange(longest)[None] < lengths[:, None]
    return generator.encode(ids.masked_fill(~mask, PAD), mask).last_hidden_state, mask


def random_prior(questions: int, passages: int, seed: int, mask: Tensor | None = None) -> Tensor:
    scores = torch.randn(questions, passages, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return doc_logprobs(scores, mask)


def answer_logprobs(
    generator: BartForConditionalGeneration, hidden: Tensor, mask: Tensor, answer: list[int]
) -> list[float]:
    """log p(y_t | x, y_<t) of one answer given one source row, by teacher forcing, alone."""
    logits = generator.decode(torch.tensor([answer[:-1]]), hidden[None], mask[None]).logits[0]
    return [row.log_softmax(dim=0)[token].item() for row, token in zip(logits, answer[1:], strict=True)]


def every_answer(V: int, max_length: int) -> list[list[int]]:
    """All answers of at most max_length tokens: up to the first eos after the start, or cut off."""
    ended = [
        [START, *tokens, EOS]
        for n in range(max_length - 1)
        for tokens in product(range(V), repeat=n)
        if EOS not in tokens
    ]
    cut_off = [[START, *tokens] for tokens in product(range(V), repeat=max_length - 1) if EOS not in tokens]
    return ended + cut_off
