"""Which folder does a command work with, and on which device? The demo and the machine's best unless said otherwise.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli/test_bad_input.py, tests/cli/test_recall.py
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from minirag.cli.demo import demo_folder
from minirag.cluster.sharded_knowledge_base import ShardedKnowledgeBase
from minirag.cluster.shards import is_sharded
from minirag.model.checkpoint import encoder_fingerprint, load_network
from minirag.model.config_files import read_config
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from minirag.rag.folder import CONTEXT_ENCODER_FOLDER, context_encoder_fingerprint
from minirag.retrieval.building import Encode
from minirag.retrieval.encoding import encode_passages, encode_questions
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from minirag.retrieval.searching import EncodeQuestions
from minirag.text.rag_tokenizer import QUESTION_ENCODER_FOLDER
from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.towers import QUESTION_ENCODER, is_pair

AnyBase = KnowledgeBase | ShardedKnowledgeBase
RagForGeneration = RagTokenForGeneration | RagSequenceForGeneration
VARIANTS: dict[str, type[RagForGeneration]] = {"token": RagTokenForGeneration, "sequence": RagSequenceForGeneration}


def open_model(
    folder: Path | None, knowledge_base: Path | AnyBase | None, variant: str | None, device: str
) -> RagForGeneration:
    """A model with its knowledge base. A variant that is asked for opens the other one's weights too; else the config's."""
    place = folder or demo_folder()
    rag_class = VARIANTS[variant or variant_of(place)]
    if isinstance(knowledge_base, Path):
        knowledge_base = opened(knowledge_base, context_encoder_fingerprint(place))
    model = rag_class.from_pretrained(place, knowledge_base=knowledge_base, variant_mismatch_ok=variant is not None)
    if model.retriever is None:
        raise ValueError(f"{place}: has no knowledge_base/; give one with --kb")
    return model.to(choose_device(device))


def opened(folder: Path, fingerprint: str | None) -> AnyBase:
    """A knowledge base in one piece, or one in shards. ValueError: another encoder made it than the one with `fingerprint`."""
    return (
        ShardedKnowledgeBase.open(folder, fingerprint)
        if is_sharded(folder)
        else KnowledgeBase.open(folder, fingerprint)
    )


def variant_of(folder: Path) -> str:
    """What config.json says the weights were trained for; a plain RagModel is read as RAG-Token."""
    architectures = read_config(folder).get("architectures")
    return "sequence" if architectures == ["RagSequenceForGeneration"] else "token"


def choose_device(name: str) -> torch.device:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, available in there.items() if available))
    if not there[name]:
        raise ValueError(f"--device {name}: this machine has none")
    return torch.device(name)


def open_context_encoder(folder: Path | None, device: str) -> tuple[Encode, str]:
    """What turns passages into vectors, and its fingerprint. An encoder's own folder is it; a RAG folder and a pair of
    encoders (`minirag train dpr`) have ctx_encoder/.
    """
    place = folder or demo_folder()
    own = place / CONTEXT_ENCODER_FOLDER if is_pair(place) else place
    encoder = load_network(DPRContextEncoder, own if is_encoder(own) else place / CONTEXT_ENCODER_FOLDER)
    tokenizer = Tokenizer.from_pretrained(own if is_encoder(own) else place / QUESTION_ENCODER_FOLDER)
    fingerprint = encoder_fingerprint(encoder)
    encoder.to(choose_device(device))

    def encode(passages: Sequence[Passage]) -> torch.Tensor:
        return encode_passages(encoder, tokenizer, passages)

    return encode, fingerprint


def open_question_encoder(folder: Path | None, device: str) -> tuple[EncodeQuestions, str | None]:
    """What turns questions into vectors, and the fingerprint of the context encoder where the folder tells it.

    A plain BERT (sentence-transformers) encodes questions and passages alike; DPR's question encoder has a folder of its own,
    which does not say which passages go with it. A pair of encoders has both.
    """
    place = folder or demo_folder()
    fingerprint: str | None
    if is_pair(place):
        encoder = load_network(DPRQuestionEncoder, place / QUESTION_ENCODER)
        tokenizer = Tokenizer.from_pretrained(place / QUESTION_ENCODER)
        fingerprint = encoder_fingerprint(load_network(DPRContextEncoder, place / CONTEXT_ENCODER_FOLDER))
    elif is_encoder(place):
        encoder, tokenizer = load_network(DPRQuestionEncoder, place), Tokenizer.from_pretrained(place)
        fingerprint = encoder_fingerprint(load_network(DPRContextEncoder, place)) if is_plain_bert(place) else None
    else:
        encoder = RagModel.from_pretrained(place).question_encoder
        tokenizer = Tokenizer.from_pretrained(place / QUESTION_ENCODER_FOLDER)
        fingerprint = context_encoder_fingerprint(place)
    encoder.to(choose_device(device))

    def encode(questions: Sequence[str]) -> torch.Tensor:
        with torch.no_grad():
            return encode_questions(encoder, tokenizer, questions)

    return encode, fingerprint


def is_encoder(folder: Path) -> bool:
    """Is it one encoder with its tokenizer, and not a whole RAG model?"""
    return read_config(folder).get("model_type") in ("bert", "dpr")


def is_plain_bert(folder: Path) -> bool:
    return read_config(folder).get("model_type") == "bert"
