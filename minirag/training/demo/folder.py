"""How does a finished training become a folder that answers? Weights in float16, tokenizers, knowledge base, questions.

Paper     RAG §2.4 (the index is made by the context encoder, once)
Tutorial  tutorials/07_checkpoints.py
Tests     tests/training/demo/test_stages.py
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from minirag.configuration import RagConfig
from minirag.model.checkpoint import encoder_fingerprint
from minirag.model.dpr import DPRContextEncoder
from minirag.rag import RagModel
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.encoding import encode_passages
from minirag.retrieval.passages import Passage
from minirag.retrieval.whole_file import write_jsonl
from minirag.text.rag_tokenizer import RagTokenizer
from minirag.training.demo.questions import drawn_and_left, written_passages
from minirag.training.demo.recipe import (
    Recipe,
    load_trained,
    new_generator,
    trained_context_encoder,
    trained_together,
)
from minirag.training.dpr.towers import question_encoder_of
from minirag.world.facts import read_facts, write_facts


def trained_rag(recipe: Recipe, tokenizer: RagTokenizer, work: Path) -> RagModel:
    """The networks of the last stage, joined."""
    context_encoder = trained_context_encoder(recipe, tokenizer, work)
    question_encoder, generator = question_encoder_of(context_encoder), new_generator(recipe, tokenizer)
    load_trained(trained_together(question_encoder, generator), work / "rag")
    config = RagConfig.from_question_encoder_generator_configs(
        question_encoder.config, generator.config, n_docs=recipe.n_docs
    )
    rag = RagModel(config, question_encoder.eval(), generator.eval(), tokenizer=tokenizer)
    rag.set_context_encoder_for_training(context_encoder)
    return rag


def write_demo(
    rag: RagModel, facts: Path, out: Path, progress: Callable[[int, int | None], None] | None = None
) -> None:
    """`out`: the model, ctx_encoder/, both tokenizers, knowledge_base/, questions.jsonl, and the facts they are made from."""
    known = read_facts(facts)
    written = written_passages(known)
    rag.save_pretrained(out, dtype=torch.float16)
    write_facts(out / "facts.jsonl", known)
    encoder, tokenizer = rag.ctx_encoder, rag.tokenizer
    assert encoder is not None and tokenizer is not None

    def encode(passages: Sequence[Passage]) -> torch.Tensor:
        with torch.inference_mode():
            return encode_passages(encoder, tokenizer.question_encoder, passages)

    build_knowledge_base(
        out / "knowledge_base",
        [passage for passage, _ in written],
        encode,
        encoder_fingerprint(as_stored(encoder)),
        progress=progress,
        overwrite=True,
    )
    write_jsonl(out / "questions.jsonl", drawn_and_left(written)[0])


def as_stored(encoder: DPRContextEncoder) -> DPRContextEncoder:
    return encoder.half().float()
