"""A RAG model with random weights, two tokenizers and a knowledge base of six passages: small enough for every test."""

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from minirag.configuration import BartConfig, BertConfig, RagConfig
from minirag.model.checkpoint import encoder_fingerprint
from minirag.model.dpr import DPRContextEncoder
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from minirag.retrieval.retriever import RagRetriever
from tests.small_tokenizers import byte_level, rag_tokenizer, word_piece

VARIANTS = [RagTokenForGeneration, RagSequenceForGeneration]

PASSAGES = [
    Passage("mn", "Mongolia", "The capital of Mongolia is Ulaanbaatar."),
    Passage("ch", "Switzerland", "Bern is the capital; the currency is the Swiss franc."),
    Passage("ra", "Radium", "Marie Curie discovered radium in 1898."),
    Passage("fe", "Iron", "The atomic number of iron is 26."),
    Passage("fr", "Où est Lyon?", "C'est en France."),
    Passage("xx", "", ""),
]


def small_config(**settings) -> RagConfig:
    bert = BertConfig(
        vocab_size=word_piece().vocab_size,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=64,
        initializer_range=0.4,
    )
    bart = BartConfig(
        vocab_size=byte_level().vocab_size,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_position_embeddings=96,
        init_std=0.4,
        max_length=8,
    )
    settings = {"n_docs": 3, "max_combined_length": 80, **settings}
    return RagConfig.from_question_encoder_generator_configs(bert, bart, **settings)


@lru_cache
def context_encoder() -> DPRContextEncoder:
    torch.manual_seed(1)
    return DPRContextEncoder(small_config().question_encoder).eval()


def encode(passages) -> Tensor:
    """d(z) of each passage."""
    batch = word_piece()([p.title for p in passages], [p.text for p in passages], max_length=64)
    with torch.no_grad():
        return context_encoder()(batch.input_ids, batch.attention_mask).pooler_output


def small_knowledge_base(folder: Path, passages=PASSAGES) -> KnowledgeBase:
    return build_knowledge_base(folder, passages, encode, encoder_fingerprint(context_encoder()), dtype="float32")


def small_rag(variant, knowledge_base: KnowledgeBase | None = None, seed: int = 0, **settings):
    """Without a knowledge base, passages are given."""
    torch.manual_seed(seed)
    config = small_config(**settings)
    retriever = None if knowledge_base is None else RagRetriever(config, knowledge_base, rag_tokenizer())
    return variant(config, retriever=retriever, tokenizer=rag_tokenizer()).eval()
