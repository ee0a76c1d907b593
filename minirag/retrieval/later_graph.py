"""When is a graph read? Not before it is first searched: it is the largest file, and hnswlib needs all of it in memory.

Paper     none: bookkeeping
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_later_graph.py

A knowledge base that is only looked at, or searched exactly or by words, is open in a moment. The file is held from the start:
whoever has a knowledge base open searches the graph that was there then, though another has taken its place.
"""

import os
import weakref
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from jaxtyping import Float, Float32, Int
from torch import Tensor

from minirag.retrieval.hnsw_index import HNSWIndex
from minirag.retrieval.rescored_index import RescoredIndex

Graph = HNSWIndex | RescoredIndex


class LaterGraph:
    """Searches as the graph does that `load` hands out, given the file's place. May be used from any thread."""

    def __init__(self, path: Path, load: Callable[[Path], Graph]) -> None:
        self.path, self.load, self.lock = path, load, Lock()
        self.graph: Graph | None = None
        self.file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self.file)

    def search(self, queries: Float[Tensor, "Q D"], k: int) -> tuple[Float32[Tensor, "Q k"], Int[Tensor, "Q k"]]:
        """See HNSWIndex.search. ValueError, the first time: what is wrong with the file."""
        return self.loaded().search(queries, k)

    def loaded(self) -> Graph:
        with self.lock:
            if self.graph is None:
                self.graph = self.load(self.place())
            return self.graph

    def place(self) -> Path:
        """By its name as long as that is the same file; else by what is held. (Windows lets no open file be replaced.)"""
        if os.name != "posix" or (self.path.exists() and os.path.samestat(os.fstat(self.file), self.path.stat())):
            return self.path
        return Path(f"/dev/fd/{self.file}")
