"""A whole model folder with random weights: both encoders, generator, tokenizers, knowledge base, facts, questions."""

import json
from pathlib import Path

import torch

from minirag.configuration import BartConfig, BertConfig, RagConfig
from minirag.model.checkpoint import encoder_fingerprint, save_network
from minirag.model.dpr import DPRContextEncoder
from minirag.rag import RagModel
from minirag.retrieval.knowledge_base import build_knowledge_base
from minirag.training.dpr import encode_passages
from minirag.world.facts import Fact, write_facts
from minirag.world.passages import questions_for, write_passages
from tests.small_tokenizers import rag_tokenizer

FACTS = [
    Fact(entity, "country", relation, value)
    for entity, *values in [
        ("Mongolia", "Ulaanbaatar", "tugrik"),
        ("Switzerland", "Bern", "Swiss franc"),
        ("Malta", "Valletta", "euro"),
        ("São Tomé and Príncipe", "São Tomé", "dobra"),
    ]
    for relation, value in zip(("capital", "currency"), values, strict=True)
]


def write_tiny_folder(folder: Path, seed: int = 0) -> Path:
    """Everything that weights/demo has, in a few hundred kilobytes."""
    torch.manual_seed(seed)
    tokenizer = rag_tokenizer()
    rag = RagModel(
        tiny_config(tokenizer.question_encoder.vocab_size, tokenizer.generator.vocab_size), tokenizer=tokenizer
    )
    rag.eval().save_pretrained(folder)
    context_encoder = DPRContextEncoder(rag.config.question_encoder).eval()
    save_network(context_encoder, folder / "ctx_encoder")
    written = write_passages(FACTS, seed=0)
    write_facts(folder / "facts.jsonl", FACTS)
    lines = [json.dumps(question) for question in questions_for(written, seed=0)]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    build_knowledge_base(
        folder / "knowledge_base",
        [passage for passage, _ in written],
        lambda passages: encode_passages(context_encoder, tokenizer.question_encoder, passages),
        encoder_fingerprint(context_encoder),
    )
    return folder


def tiny_config(question_vocabulary: int, answer_vocabulary: int) -> RagConfig:
    """Wide initial weights, so that random answers are not all the same."""
    question_encoder = BertConfig(
        vocab_size=question_vocabulary,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=128,
        initializer_range=0.3,
    )
    generator = BartConfig(
        vocab_size=answer_vocabulary,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=256,
        init_std=0.3,
        max_length=10,
    )
    return RagConfig.from_question_encoder_generator_configs(
        question_encoder, generator, n_docs=3, max_combined_length=200
    )
