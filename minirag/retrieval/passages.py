"""Where do the passages live, and how is one found by its row?

Paper     RAG §3 (the non-parametric memory: 100-word passages with titles)
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/retrieval/test_passages.py
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """One retrievable text. `id` is the caller's name for it, unique within a knowledge base."""

    id: str
    title: str
    text: str
