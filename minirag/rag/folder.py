"""What is in a RAG model's folder? Config, weights, two tokenizers, a knowledge base: all but the first two optional.

Paper     none
Tutorial  tutorials/12_rag_model.py
Tests     tests/test_rag_folder.py, tests/crosscheck/test_rag.py

    config.json, model.safetensors     published names; `rag.` stands in front where "architectures" says …ForGeneration
    question_encoder_tokenizer/, generator_tokenizer/     needed for strings
    knowledge_base/                    opened where it is there, and checked against …
    ctx_encoder/                       … the DPR context encoder that made its vectors
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from minirag.configuration import RagConfig
from minirag.model import checkpoint
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import RAG_FOR_GENERATION, RAG_MODEL
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.retriever import KNOWLEDGE_BASE_FOLDER, RagRetriever
from minirag.retrieval.whole_folder import whole_folder
from minirag.text.rag_tokenizer import GENERATOR_FOLDER, QUESTION_ENCODER_FOLDER, RagTokenizer
from minirag.text.tokenizers import Tokenizer

CONTEXT_ENCODER_FOLDER = "ctx_encoder"
VARIANTS = ("RagTokenForGeneration", "RagSequenceForGeneration")
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json")


@dataclass(frozen=True)
class Parts:
    """What a RAG model is made of; the classes take these by name."""

    config: RagConfig
    question_encoder: DPRQuestionEncoder
    generator: BartForConditionalGeneration
    retriever: RagRetriever | None
    tokenizer: RagTokenizer | None


def open_parts(
    folder: str | Path,
    wanted: str,
    retriever: RagRetriever | None = None,
    knowledge_base: str | Path | KnowledgeBase | None = None,
    variant_mismatch_ok: bool = False,
) -> Parts:
    """Read a folder for the class `wanted`. ValueError names the file or setting at fault."""
    folder = Path(folder)
    settings = checkpoint.read_config(folder)
    check_variant(folder, settings, wanted, variant_mismatch_ok)
    config = read_rag_config(folder, settings)
    question_encoder = DPRQuestionEncoder(config.question_encoder)
    generator = BartForConditionalGeneration(config.generator)
    fill(networks(question_encoder, generator), folder)
    has_tokenizers = any((folder / name).is_dir() for name in (QUESTION_ENCODER_FOLDER, GENERATOR_FOLDER))
    tokenizer = RagTokenizer.from_pretrained(folder) if has_tokenizers else None
    if retriever is None:
        retriever = open_retriever(folder, config, tokenizer, knowledge_base)
    elif knowledge_base is not None:
        raise ValueError("give a retriever or a knowledge_base, not both")
    return Parts(config, question_encoder, generator, retriever, tokenizer)


def check_variant(folder: Path, settings: dict[str, Any], wanted: str, variant_mismatch_ok: bool) -> None:
    """Two likelihoods were trained for: the weights of one open as the other only when that is asked for."""
    written = (settings.get("architectures") or [None])[0]
    if wanted in VARIANTS and written in VARIANTS and written != wanted and not variant_mismatch_ok:
        raise ValueError(f"{folder}: holds a {written}; variant_mismatch_ok=True opens it as {wanted} all the same")


def read_rag_config(folder: Path, settings: dict[str, Any]) -> RagConfig:
    try:
        return RagConfig.from_dict(settings)
    except ValueError as error:
        raise ValueError(f"{folder / checkpoint.CONFIG}: {error}") from None


def networks(question_encoder: DPRQuestionEncoder, generator: BartForConditionalGeneration) -> nn.ModuleDict:
    """The two that are one checkpoint: a context encoder that is trained along is not part of it."""
    return nn.ModuleDict({"question_encoder": question_encoder, "generator": generator})


def fill(both: nn.ModuleDict, folder: Path) -> None:
    """Weights into the networks. `rag.` in front or not: any of the three classes may have written the file."""
    path = str(folder / checkpoint.WEIGHTS)
    tensors = checkpoint.read_tensors(folder)
    if any(name.startswith("rag.") for name in tensors):
        both, table = nn.ModuleDict({"rag": both}), RAG_FOR_GENERATION
    else:
        table = RAG_MODEL
    checkpoint.assign(both, checkpoint.own_tensors(tensors, table, path), table, path)


def open_retriever(
    folder: Path,
    config: RagConfig,
    tokenizer: RagTokenizer | None,
    knowledge_base: str | Path | KnowledgeBase | None,
) -> RagRetriever | None:
    """A knowledge base that is given, else the folder's own, else none. Its vectors must be this context encoder's."""
    if isinstance(knowledge_base, KnowledgeBase):
        return RagRetriever(config, knowledge_base, tokenizer)
    place = folder / KNOWLEDGE_BASE_FOLDER if knowledge_base is None else Path(knowledge_base)
    if knowledge_base is None and not place.exists():
        return None
    return RagRetriever(config, KnowledgeBase.open(place, context_encoder_fingerprint(folder)), tokenizer)


def context_encoder_fingerprint(folder: Path) -> str | None:
    if not (folder / CONTEXT_ENCODER_FOLDER).is_dir():
        return None
    encoder = checkpoint.load_network(DPRContextEncoder, folder / CONTEXT_ENCODER_FOLDER)
    return checkpoint.encoder_fingerprint(encoder)


def join_parts(
    question_encoder: str | Path, generator: str | Path, retriever: RagRetriever | None, settings: dict[str, Any]
) -> Parts:
    """Two checkpoints of their own → one RAG model, with their tokenizers where both folders hold one."""
    encoder = checkpoint.load_network(DPRQuestionEncoder, question_encoder)
    bart = checkpoint.load_network(BartForConditionalGeneration, generator)
    config = RagConfig.from_question_encoder_generator_configs(encoder.config, bart.config, **settings)
    tokenizer = None
    if all(holds_tokenizer(Path(folder)) for folder in (question_encoder, generator)):
        tokenizer = RagTokenizer(Tokenizer.from_pretrained(question_encoder), Tokenizer.from_pretrained(generator))
    return Parts(config, encoder, bart, retriever, tokenizer)


def holds_tokenizer(folder: Path) -> bool:
    return any((folder / name).is_file() for name in TOKENIZER_FILES)


def save_parts(rag: Any, folder: str | Path, architecture: str, dtype: torch.dtype | None = None) -> None:
    """Write a RagModel. A new folder appears whole or not at all; in an existing one each file is replaced whole."""
    folder = Path(folder)
    if folder.exists():
        write_parts(rag, folder, architecture, dtype)
    else:
        with whole_folder(folder) as unfinished:
            write_parts(rag, unfinished, architecture, dtype)


def write_parts(rag: Any, folder: Path, architecture: str, dtype: torch.dtype | None) -> None:
    both: nn.Module = networks(rag.question_encoder, rag.generator)
    table = RAG_MODEL
    if architecture in VARIANTS:
        both, table = nn.ModuleDict({"rag": both}), RAG_FOR_GENERATION
    checkpoint.write_config(folder, {"architectures": [architecture], **rag.config.to_dict()})
    checkpoint.save_weights(both, folder, table, dtype)
    if rag.tokenizer is not None:
        rag.tokenizer.save_pretrained(folder)
    if rag.ctx_encoder is not None:
        checkpoint.save_network(rag.ctx_encoder, folder / CONTEXT_ENCODER_FOLDER, dtype)
