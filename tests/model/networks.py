"""Small random networks and inputs for the tests of this folder."""

import torch

from minirag.configuration import BartConfig, BertConfig
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder


def bert_config(**settings) -> BertConfig:
    sizes = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    return BertConfig(**{**sizes, "intermediate_size": 24, "max_position_embeddings": 32, **settings})


def bart_config(**settings) -> BartConfig:
    sizes = {"vocab_size": 40, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 24}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 24}
    return BartConfig(**{**sizes, **heads, "max_position_embeddings": 32, "init_std": 0.4, **settings})


def bart(**settings) -> BartForConditionalGeneration:
    torch.manual_seed(0)
    return BartForConditionalGeneration(bart_config(**settings)).eval()


def question_encoder(**settings) -> DPRQuestionEncoder:
    torch.manual_seed(0)
    return DPRQuestionEncoder(bert_config(initializer_range=0.4, **settings)).eval()


def context_encoder(**settings) -> DPRContextEncoder:
    torch.manual_seed(1)
    return DPRContextEncoder(bert_config(initializer_range=0.4, **settings)).eval()


def ragged_ids(lengths: list[int], seed: int = 0, vocab: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids without special tokens, padded with 1, and their mask."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, vocab, (len(lengths), max(lengths)), generator=generator)
    mask = torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]
    return ids.masked_fill(~mask, 1), mask
