"""A RAG model that can be trained in a test: random weights, six passages, and questions about them."""

from pathlib import Path

import torch

from minirag.questions.question import Question
from minirag.rag import RagTokenForGeneration
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.retriever import RagRetriever
from minirag.training.rag.opening import Start
from tests.small_rag import context_encoder, small_config, small_knowledge_base
from tests.small_tokenizers import rag_tokenizer

QUESTIONS = [
    Question("What is the capital of Mongolia?", ("Ulaanbaatar",), ("mn",)),
    Question("What is the capital of Switzerland?", ("Bern", "Bern (CH)"), ("ch",)),
    Question("Who discovered radium?", ("Marie Curie", "Curie"), ("ra",)),
    Question("What is the atomic number of iron?", ("26",), ("fe",)),
    Question("Où est Lyon?", ("France",), ("fr",)),
]


def small_start(folder: Path, variant=RagTokenForGeneration, seed: int = 0) -> Start:
    """folder: where the knowledge base is written."""
    torch.manual_seed(seed)
    config = small_config()
    encoder = context_encoder()
    base = KnowledgeBase.open(folder) if folder.exists() else small_knowledge_base(folder)
    own = type(encoder)(config.question_encoder)
    own.load_state_dict(encoder.state_dict())
    retriever = RagRetriever(config, base, rag_tokenizer())
    return Start(variant(config, retriever=retriever, tokenizer=rag_tokenizer()).eval(), own.eval())
