"""What is asked of whoever makes or changes a knowledge base? Everything but the passages.

Paper     none: bookkeeping
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_knowledge_base.py
"""

from collections.abc import Callable
from dataclasses import dataclass

from minirag.retrieval.building import Encode, Progress
from minirag.retrieval.estimate import Estimate


@dataclass(frozen=True)
class Recipe:
    """resume_as: what names the documents, so that an interrupted work on the same ones is gone on with; None: it never is.

    announce: is told, before anything is encoded, how much there is to do and how much room it needs.
    at_once: from so many threads `encode` is called; with the same batches, whatever the number.
    """

    encode: Encode
    fingerprint: str
    dtype: str
    index: str
    batch_size: int
    progress: Progress | None
    resume_as: str | None
    announce: Callable[[Estimate], None]
    at_once: int = 1
