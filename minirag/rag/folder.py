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
from minirag.model.config_files import CONFIG, generation_settings, read_config, write_config
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import RAG_FOR_GENERATION, RAG_LAYOUTS, RAG_MODEL
from minirag.model.tensor_files import write_tensors
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.retriever import KNOWLEDGE_BASE_FOLDER, AnyKnowledgeBase, RagRetriever
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
    knowledge_base: str | Path | AnyKnowledgeBase | None = None,
    variant_mismatch_ok: bool = False,
) -> Parts:
    """Read a folder for the class `wanted`. ValueError names the file or setting at fault."""
    folder = Path(folder)
    settings = read_config(folder)
    check_variant(folder, settings, wanted, variant_mismatch_ok)
    config = read_rag_config(folder, settings)
    question_encoder, generator = read_networks(folder, config)
    has_tokenizers = any((folder / name).is_dir() for name in (QUESTION_ENCODER_FOLDER, GENERATOR_FOLDER))
    tokenizer = RagTokenizer.from_pretrained(folder) if has_tokenizers else None
    if retriever is None:
        retriever = open_retriever(folder, config, tokenizer, knowledge_base)
    elif knowledge_base is not None:
        raise ValueError("give a retriever or a knowledge_base, not both")
    return Parts(config, question_encoder, generator, retriever, tokenizer)


def check_variant(folder: Path, settings: dict[str, Any], wanted: str, variant_mismatch_ok: bool) -> None:
    """Two likelihoods were trained for: the weights of one open as the other only when that is asked for."""
    written = architecture(settings)
    if wanted in VARIANTS and written in VARIANTS and written != wanted and not variant_mismatch_ok:
        raise ValueError(f"{folder}: holds a {written}; variant_mismatch_ok=True opens it as {wanted} all the same")


def architecture(settings: dict[str, Any]) -> str | None:
    """The class that a config.json was written by, where it says so."""
    names = settings.get("architectures")
    return names[0] if isinstance(names, list) and names else None


def read_rag_config(folder: Path, settings: dict[str, Any]) -> RagConfig:
    """How the generator searches is in `generation_config.json` where there is one."""
    generator = settings.get("generator")
    if isinstance(generator, dict):
        settings = {**settings, "generator": generator | generation_settings(folder)}
    try:
        return RagConfig.from_dict(settings)
    except ValueError as error:
        raise ValueError(f"{folder / CONFIG}: {error}") from None


def networks(config: RagConfig) -> nn.ModuleDict:
    """The two that are one checkpoint: a context encoder that is trained along is not part of it."""
    generator = BartForConditionalGeneration(config.generator)
    return nn.ModuleDict({"question_encoder": DPRQuestionEncoder(config.question_encoder), "generator": generator})


def read_networks(folder: Path, config: RagConfig) -> tuple[DPRQuestionEncoder, BartForConditionalGeneration]:
    """`rag.` in front of the names or not: any of the three classes may have written the file."""
    both = checkpoint.unfilled(lambda: networks(config))
    checkpoint.fill(both, folder, RAG_LAYOUTS)
    return both["question_encoder"], both["generator"]  # type: ignore[return-value]


def open_retriever(
    folder: Path,
    config: RagConfig,
    tokenizer: RagTokenizer | None,
    knowledge_base: str | Path | AnyKnowledgeBase | None,
) -> RagRetriever | None:
    """A knowledge base that is given, open (KnowledgeBase or ShardedKnowledgeBase) or its place; else the folder's own, else
    none. Of one that is opened here the vectors must be this context encoder's.
    """
    if not isinstance(knowledge_base, str | Path | None):
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
    both = nn.ModuleDict({"question_encoder": rag.question_encoder, "generator": rag.generator})
    table = RAG_FOR_GENERATION if architecture in VARIANTS else RAG_MODEL
    write_config(folder, {"architectures": [architecture], **rag.config.to_dict()})
    write_tensors(checkpoint.published_tensors(both, table, dtype), folder)
    if rag.tokenizer is not None:
        rag.tokenizer.save_pretrained(folder)
    if rag.ctx_encoder is not None:
        checkpoint.save_network(rag.ctx_encoder, folder / CONTEXT_ENCODER_FOLDER, dtype)
