"""What do the cross-checks of decoding decode with? One tiny random BART, theirs and ours, and sources for it.

Weights are far from uniform, so that no two tokens tie; eos is likely enough for answers of every length.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from tempfile import TemporaryDirectory

import torch
import transformers
from torch import Tensor

from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network

BOS, PAD, EOS, FORCED = 0, 1, 2, 7
QUESTIONS, PASSAGES, LONGEST_SOURCE = 2, 3, 7
SIZES = [  # layers of each stack, heads, width, vocabulary; some scale their embeddings
    {"encoder_layers": 1, "decoder_layers": 2, "heads": 2, "d_model": 16, "vocab_size": 40},
    {"encoder_layers": 2, "decoder_layers": 1, "heads": 4, "d_model": 24, "vocab_size": 33, "scale_embedding": True},
    {"encoder_layers": 1, "decoder_layers": 1, "heads": 1, "d_model": 12, "vocab_size": 61},
    {"encoder_layers": 2, "decoder_layers": 3, "heads": 3, "d_model": 12, "vocab_size": 50},
]


def vocabulary(seed: int) -> int:
    """The size of tiny_pair(seed)'s."""
    return SIZES[seed % len(SIZES)]["vocab_size"]


@dataclass(frozen=True)
class Pair:
    """One network, theirs and ours, and sources for it."""

    theirs: transformers.BartForConditionalGeneration
    ours: BartForConditionalGeneration
    input_ids: Tensor  # (B*K, S)
    mask: Tensor  # (B*K, S)
    doc_scores: Tensor  # (B, K)

    @property
    def V(self) -> int:
        return self.ours.config.vocab_size

    def encoded(self, rows: slice = slice(None)) -> tuple[Tensor, Tensor]:
        return self.ours.encode(self.input_ids[rows], self.mask[rows]).last_hidden_state, self.mask[rows]


@lru_cache
def tiny_pair(seed: int, generates_bos_and_padding: bool = True) -> Pair:
    """For reading only: pairs are kept."""
    torch.manual_seed(seed)
    size = dict(SIZES[seed % len(SIZES)])
    heads = size.pop("heads")
    config = transformers.BartConfig(
        **size,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_position_embeddings=32,
        init_std=0.3,
        forced_eos_token_id=None,
    )
    theirs = transformers.BartForConditionalGeneration(config).eval()
    theirs.final_logits_bias.normal_(std=0.5)
    theirs.final_logits_bias[0, EOS] += 1.5 + seed % 3
    if not generates_bos_and_padding:
        theirs.final_logits_bias[0, [BOS, PAD]] = -1e4
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = load_network(BartForConditionalGeneration, folder).eval()
    rows = QUESTIONS * PASSAGES
    mask = torch.arange(LONGEST_SOURCE)[None] < torch.randint(2, LONGEST_SOURCE + 1, (rows, 1))
    mask[0] = True
    input_ids = torch.randint(3, config.vocab_size, (rows, LONGEST_SOURCE)).masked_fill(~mask, PAD)
    return Pair(theirs, ours, input_ids, mask, 2.0 * torch.randn(QUESTIONS, PASSAGES))


def rag(network, pair: Pair):
    """Their RAG class around the pair's generator; its question encoder is never asked."""
    encoder = transformers.DPRConfig(
        vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4
    )
    config = transformers.RagConfig.from_question_encoder_generator_configs(
        encoder, pair.theirs.config, n_docs=PASSAGES, bos_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS,
        decoder_start_token_id=EOS,
    )  # fmt: skip
    return network(config, transformers.DPRQuestionEncoder(encoder), pair.theirs).eval()


@contextmanager
def source_masks(pair: Pair) -> Iterator[None]:
    """Their `generate` with the mask that their RAG-Sequence forgets to hand it."""
    plain = type(pair.theirs).generate
    pair.theirs.generate = lambda ids, **how: plain(pair.theirs, ids, **{**how, "attention_mask": ids.ne(PAD).long()})
    try:
        yield
    finally:
        del pair.theirs.generate


def contexts(pair: Pair) -> dict:
    """What their RAG classes, and ours, are given."""
    return {
        "context_input_ids": pair.input_ids,
        "context_attention_mask": pair.mask.long(),
        "doc_scores": pair.doc_scores,
        "n_docs": PASSAGES,
    }


def their_answers(ids: Tensor, per_question: int) -> list[list[list[int]]]:
    """Their padded rows as lists, without what follows the first eos behind the start."""
    rows = [row[: row.index(EOS, 1) + 1] if EOS in row[1:] else row for row in ids.tolist()]
    return [rows[i : i + per_question] for i in range(0, len(rows), per_question)]
