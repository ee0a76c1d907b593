"""Where do the passages come from while RAG is trained, and which of their scores carry a gradient?

Paper     RAG §2.4 (question encoder trained, index fixed), table 6 (learned, frozen, BM25), table 1 (closed book)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_retrieval.py

Each way is a function of questions that gives the `Sources` of rag/sources.py: what the generator reads, (B, K) scores and a
mask. Rows of table 6 differ in nothing else.
"""

from collections.abc import Callable, Sequence

import torch

from minirag.rag import RagModel
from minirag.rag.sources import Sources
from minirag.retrieval.bm25_passages import bm25_passages
from minirag.retrieval.passages import Passage
from minirag.retrieval.retriever import RagRetriever

RETRIEVERS = ("learned", "frozen", "bm25", "closed-book")
Retrieve = Callable[[Sequence[str]], Sources]
NO_PASSAGE = Passage("", "", "")


def retrieval(rag: RagModel, retriever: str, n_docs: int, bm25_scale: float = 1.0) -> Retrieve:
    """The function that belongs to a name. ValueError where there is no such way, or no knowledge base for it."""
    if retriever not in RETRIEVERS:
        raise ValueError(f"retriever={retriever!r} is not one of {', '.join(RETRIEVERS)}")
    if retriever == "closed-book":
        return lambda questions: rag.text_sources(questions, [[NO_PASSAGE]] * len(questions))
    if rag.retriever is None:
        raise ValueError(f"retriever {retriever!r} needs a knowledge base")
    if retriever == "bm25":
        return bm25_retrieval(rag, rag.retriever, n_docs, bm25_scale)
    learns = retriever == "learned"
    return lambda questions: dense_sources(rag, questions, n_docs, learns)


def dense_sources(rag: RagModel, questions: Sequence[str], n_docs: int, learns: bool) -> Sources:
    """The n_docs passages of highest d(z)ᵀq(x); the scores carry a gradient to q(x) where the question encoder learns.

    No bfloat16 for what scores are made of: near a score of 75 its numbers are half a unit apart.
    """
    with torch.autocast(rag.device.type, enabled=False), torch.set_grad_enabled(learns and torch.is_grad_enabled()):
        return rag.retrieve_for(questions, n_docs)


def bm25_retrieval(rag: RagModel, retriever: RagRetriever, n_docs: int, scale: float) -> Retrieve:
    """p(z|x) ∝ exp(scale · BM25(x, z)): BM25's scores are the logits of the prior (RAG table 6). Nothing is learned."""
    store = retriever.knowledge_base.store

    def retrieve(questions: Sequence[str]) -> Sources:
        found, scores = bm25_passages(store, questions, n_docs, scale)
        return rag.text_sources(questions, [passages or [NO_PASSAGE] for passages in found], scores)

    return retrieve
