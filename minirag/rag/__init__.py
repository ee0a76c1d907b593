"""RAG's three classes under their well-known names: they retrieve once, fill a table and call likelihood.py."""

from minirag.rag.rag_model import RagModel
from minirag.rag.rag_sequence import RagSequenceForGeneration
from minirag.rag.rag_token import RagTokenForGeneration

__all__ = ["RagModel", "RagSequenceForGeneration", "RagTokenForGeneration"]
