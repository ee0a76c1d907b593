"""What do fewer bits cost? How many of the five nearest are still found in the vectors as stored, tried while they are made.

Paper     none: DPR and RAG store float32
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_storage_trial.py

The vectors as the encoder makes them come by once and are nowhere afterwards. So up to 200 questions are made of the first that
come: the points halfway between two that follow each other, which are harder than what users ask (graph_settings.py). Each
is scored against everything that comes by, and the best five are kept. When all is stored, the same is asked of what is stored.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from jaxtyping import Float, Float32, Int
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from minirag.retrieval.exact_index import ExactIndex, inner_products
from minirag.retrieval.graph_settings import between_passages
from minirag.retrieval.int8_vectors import Stored

BEST = 5
EQUAL = 1e-6  # of the largest score: what two ways to compute the same product may differ by


class StorageTrial:
    """`path`: what is known so far is kept there before each batch is handed on, and gone on with if it is there. Who was
    killed and goes on finds the same as who was not.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        kept = load_file(path) if path is not None and path.is_file() else {}
        self.queries: Float32[Tensor, "Q D"] | None = kept.get("queries")
        self.scores: Float32[Tensor, "Q k"] = kept.get("scores", torch.empty(0, 0))
        self.rows: Int[Tensor, "Q k"] = kept.get("rows", torch.empty(0, 0, dtype=torch.long))

    def watched(self, batches: Iterable[Float[Tensor, "_ _"]], begin: int = 0) -> Iterator[Float[Tensor, "_ _"]]:
        """The same batches, of which the first begins with row `begin`."""
        for batch in batches:
            self.look_at(batch.detach().float().cpu(), begin)
            begin += len(batch)
            yield batch

    def look_at(self, vectors: Float32[Tensor, "n D"], begin: int) -> None:
        if self.queries is None:
            self.queries = between_passages(vectors)
            self.scores = torch.empty(len(self.queries), 0)
            self.rows = torch.empty(len(self.queries), 0, dtype=torch.long)
        if vectors.shape[1] != self.queries.shape[1]:
            return  # who writes them will refuse them
        before = self.scores.masked_fill(self.rows >= begin, -torch.inf)  # of a process that was stopped behind `begin`
        scores = torch.cat([before, inner_products(self.queries, vectors)], dim=1)
        rows = torch.cat([self.rows, torch.arange(begin, begin + len(vectors)).expand(len(scores), -1)], dim=1)
        order = scores.argsort(dim=1, descending=True, stable=True)[:, :BEST]  # of equal ones the first: two often are
        self.scores, self.rows = scores.gather(1, order), rows.gather(1, order)
        self.keep()

    def keep(self) -> None:
        if self.path is None or self.queries is None:
            return
        partial = self.path.with_suffix(".partial")
        try:
            save_file({"queries": self.queries, "scores": self.scores, "rows": self.rows}, partial)
        except SafetensorError as error:
            raise OSError(errno.EIO, " ".join(str(error).split()), str(partial)) from None
        os.replace(partial, self.path)

    def recall(self, vectors: Stored) -> float:
        """Of each question's true five, the share that are among the best five of `vectors`; equal scores count as found."""
        if self.queries is None:
            raise ValueError("no vectors came by")
        found, _ = ExactIndex(vectors).search(self.queries, self.rows.shape[1])
        scores = (self.queries[:, None] * vectors[self.rows].float()).sum(dim=-1)  # (Q, k)
        return (scores >= found[:, -1:] - EQUAL * found.abs().max()).float().mean().item()
