"""What transformers' retriever needs and is not installed here (datasets, faiss), as little as its own code asks for.

Everything else of it runs: `HFIndexBase`, `LegacyIndex`, `RagRetriever`.
"""

from pathlib import Path
from typing import Any

import torch
from transformers.models.rag.retrieval_rag import CustomHFIndex, LegacyIndex

from minirag.retrieval.knowledge_base import KnowledgeBase


class Dataset:
    """`datasets.Dataset` with a faiss index: rows by number (a negative one counts from the end, as there), and the best
    n rows of each query, with −1 where there are no more, as faiss says it.
    """

    def __init__(self, knowledge_base: KnowledgeBase) -> None:
        self.vectors = knowledge_base.vectors.float()
        self.passages = list(knowledge_base.store)

    def search_batch(self, index_name: str, queries: Any, n_docs: int) -> tuple[Any, Any]:
        scores = torch.from_numpy(queries) @ self.vectors.T
        missing = n_docs - scores.shape[1]
        found = scores.topk(min(n_docs, scores.shape[1])).indices
        ids = torch.nn.functional.pad(found, (0, max(missing, 0)), value=-1)
        return scores.numpy(), ids.numpy()

    def __getitem__(self, rows: list[int]) -> dict[str, Any]:
        chosen = [self.passages[row] for row in rows]
        return {
            "title": [passage.title for passage in chosen],
            "text": [passage.text for passage in chosen],
            "embeddings": self.vectors[list(rows)].numpy(),
        }


def their_index(knowledge_base: KnowledgeBase) -> CustomHFIndex:
    """Their index class, put together without its constructor, which asks for the packages."""
    index = object.__new__(CustomHFIndex)
    index.dataset, index.vector_size, index._index_initialized = (
        Dataset(knowledge_base),
        knowledge_base.vectors.shape[1],
        True,
    )
    return index


def their_legacy_index(folder: Path) -> LegacyIndex:
    """The same for the index of the original checkpoints."""
    index = object.__new__(LegacyIndex)
    index.index_path = str(folder)
    return index
