"""What does a RAG training start from? A RAG folder, or a question encoder and a generator from folders of their own.

Paper     RAG §2.4, §3 (a trained DPR and a pretrained BART, joined)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_opening.py

    question encoder    a RAG folder, an encoder's own, or the pair of `minirag train dpr` (question_encoder/, ctx_encoder/)
    generator           a RAG folder, or BART's own folder
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from minirag.configuration import RagConfig
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import encoder_fingerprint, load_network, with_settings
from minirag.model.config_files import read_config
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.rag.folder import CONTEXT_ENCODER_FOLDER, read_networks, read_rag_config
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.retriever import KNOWLEDGE_BASE_FOLDER, RagRetriever
from minirag.text.rag_tokenizer import QUESTION_ENCODER_FOLDER, RagTokenizer
from minirag.text.tokenizers import Tokenizer
from minirag.training.bart.start import open_generator
from minirag.training.dpr.towers import CONTEXT_ENCODER, QUESTION_ENCODER, is_pair
from minirag.training.initialise import initialise_small

LONGEST_INPUT = 300  # tokens of passage and question together (the published models')
RagForGeneration = RagTokenForGeneration | RagSequenceForGeneration
MODELS: dict[str, type[RagForGeneration]] = {
    "token": RagTokenForGeneration,
    "sequence": RagSequenceForGeneration,
    "both": RagTokenForGeneration,
}


@dataclass(frozen=True)
class Start:
    """The networks of a training. `context_encoder` is None where no folder tells which one made the knowledge base."""

    model: RagForGeneration
    context_encoder: DPRContextEncoder | None


def open_start(
    model: Path,
    question_encoder: Path | None = None,
    generator: Path | None = None,
    knowledge_base: Path | None = None,
    likelihood: str = "token",
    n_docs: int | None = None,
    scale: float | None = None,
    closed_book: bool = False,
    fresh_generator: int | None = None,
) -> Start:
    """What is not given comes from `model`, a RAG folder. scale: what q(x) is multiplied by (vectors of length 1 need some 20).

    fresh_generator: a seed; the generator then has its shape and tokenizer from the folder, and random weights.
    ValueError names the folder or setting at fault; a knowledge base of another context encoder is refused.
    """
    encoder, encoder_tokenizer, context_encoder = question_side(question_encoder or model)
    bart, bart_tokenizer = open_generator(generator or model)
    encoder = encoder if scale is None else with_settings(encoder, {"scale": scale})
    bart = bart if fresh_generator is None else untrained(bart, fresh_generator)
    tokenizer = RagTokenizer(encoder_tokenizer, bart_tokenizer)
    only_parts = question_encoder is not None and generator is not None
    config = joined_config(None if only_parts else model, encoder, bart, n_docs)
    retriever = None
    if not closed_book:
        base = open_base(knowledge_base or model / KNOWLEDGE_BASE_FOLDER, context_encoder, config)
        retriever = RagRetriever(config, base, tokenizer)
    return Start(MODELS[likelihood](config, encoder, bart, retriever, tokenizer).eval(), context_encoder)


def question_side(folder: Path) -> tuple[DPRQuestionEncoder, Tokenizer, DPRContextEncoder | None]:
    """q(x), its tokenizer, and the d(z) that goes with it where the folder tells."""
    if is_pair(folder):
        encoder, tokenizer, _ = question_side(folder / QUESTION_ENCODER)
        return encoder, tokenizer, load_network(DPRContextEncoder, folder / CONTEXT_ENCODER)
    settings = read_config(folder)
    if settings.get("model_type") == "rag":
        encoder, _ = read_networks(folder, read_rag_config(folder, settings))
        made_by = folder / CONTEXT_ENCODER_FOLDER
        context_encoder = load_network(DPRContextEncoder, made_by) if made_by.is_dir() else None
        return encoder, Tokenizer.from_pretrained(folder / QUESTION_ENCODER_FOLDER), context_encoder
    one_tower = settings.get("model_type") == "bert"
    context_encoder = load_network(DPRContextEncoder, folder) if one_tower else None
    return load_network(DPRQuestionEncoder, folder), Tokenizer.from_pretrained(folder), context_encoder


def untrained(generator: BartForConditionalGeneration, seed: int) -> BartForConditionalGeneration:
    """The same shape, and weights with which small networks learn from nothing."""
    torch.manual_seed(seed)
    fresh = BartForConditionalGeneration(generator.config)
    initialise_small(fresh)
    return fresh


def joined_config(
    folder: Path | None, encoder: DPRQuestionEncoder, generator: BartForConditionalGeneration, n_docs: int | None
) -> RagConfig:
    """How passages reach the generator is as `folder` says, a RAG folder; without one as the published models do it."""
    settings = {} if n_docs is None else {"n_docs": n_docs}
    longest = min(LONGEST_INPUT, generator.config.max_position_embeddings)
    if folder is None:
        return RagConfig.from_question_encoder_generator_configs(
            encoder.config, generator.config, max_combined_length=longest, **settings
        )
    config = read_rag_config(folder, read_config(folder))
    longest = min(config.max_combined_length, generator.config.max_position_embeddings)
    parts = {"question_encoder": encoder.config, "generator": generator.config}
    size = encoder.config.projection_dim or encoder.config.hidden_size
    return config.with_settings(**parts, retrieval_vector_size=size, max_combined_length=longest, **settings)


def open_base(folder: Path, context_encoder: DPRContextEncoder | None, config: RagConfig) -> KnowledgeBase:
    """The knowledge base, made by this context encoder where it is known, and of vectors as long as a question's."""
    fingerprint = None if context_encoder is None else encoder_fingerprint(context_encoder)
    base = KnowledgeBase.open(folder, fingerprint)
    if base.sidecar.dimension != config.retrieval_vector_size:
        sizes = f"vectors of dimension {base.sidecar.dimension}, a question's has {config.retrieval_vector_size}"
        raise ValueError(f"{folder}: holds {sizes}")
    return base
