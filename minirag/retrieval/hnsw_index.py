"""And when there are too many vectors to look at all of them? A graph of neighbours (HNSW), walked from far to near.

Paper     RAG §3 (FAISS with HNSW); Malkov & Yashunin 2016, arXiv 1603.09320
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_hnsw_index.py

hnswlib checks nothing when it loads a file, neither dimension nor number nor space, and it forgets `ef`. So all of them
are given and checked here, and the knowledge base keeps them in its sidecar. hnswlib is imported when an index is built
or loaded, not before: exact search works where it is missing. Only here do tensors meet hnswlib's arrays.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from minirag.retrieval.along_axes import AlongAxes, Seen
from minirag.retrieval.exact_index import check_scores, check_search
from minirag.retrieval.graph_file import check_graph, nodes_in
from minirag.retrieval.twins import check_twins
from minirag.retrieval.vectors import blocks, one_line

CHECKPOINT = 100_000  # vectors


@dataclass(frozen=True, eq=False)
class HNSWIndex:
    """`ef`: how many candidates a search keeps; more is slower and finds more."""

    graph: Any
    dim: int
    count: int
    ef: int

    @classmethod
    def build(
        cls,
        vectors: Seen,
        M: int = 32,
        ef_construction: int = 200,
        ef: int = 200,
        seed: int = 0,
        num_threads: int = 1,
        progress: Callable[[int], None] | None = None,
        checkpoint: Path | None = None,
    ) -> "HNSWIndex":
        """M: links per node. One thread, the same vectors and seed: the same file, byte for byte; more threads: never.

        The space is the inner product itself; turning it into L2 by an extra dimension (DPR) finds less at equal ef.
        checkpoint: a file where the graph is kept after every 100,000 vectors, and gone on with if it is there. Each time the
        graph is opened anew from it (its random numbers begin again then), so that who was never stopped has the same graph.
        hnswlib keeps a float32 copy of every vector, whatever they are stored as elsewhere.
        ValueError: a vector that is not finite; too many that are the same one (twins.py).
        """
        check_settings(M=M, ef_construction=ef_construction, ef=ef)
        check_twins(vectors.vectors if isinstance(vectors, AlongAxes) else vectors, M)
        count, dim = vectors.shape
        graph, begun = new_graph(dim), 0
        if checkpoint is not None and checkpoint.is_file():
            begun = nodes_in(checkpoint)
            graph.load_index(str(checkpoint), max_elements=count)
            graph.set_num_threads(num_threads)
        else:
            graph.init_index(max_elements=count, M=M, ef_construction=ef_construction, random_seed=seed)
        for first in range(begun, count, CHECKPOINT):
            last = min(first + CHECKPOINT, count)
            add_rows(graph, vectors, torch.arange(first, last), num_threads, progress)
            if checkpoint is not None and last < count:
                save_whole(graph, checkpoint, dim)
                graph = new_graph(dim)
                graph.load_index(str(checkpoint), max_elements=count)
        return cls(graph, dim, count, ef)

    def changed(self, vectors: Seen, rows: list[int], progress: Callable[[int], None] | None = None) -> "HNSWIndex":
        """A graph of `vectors`, which differ from its own in `rows` and behind its last. It must have been loaded with
        `room` for them.

        A row that changed finds its neighbours anew; nodes of rows that are no more stay as ways, and are never found.
        """
        add_rows(self.graph, vectors, rows_changed(rows, self.count, len(vectors)), 1, progress)
        for row in range(len(vectors), self.count):
            self.graph.mark_deleted(row)
        return HNSWIndex(self.graph, self.dim, len(vectors), self.ef)

    @property
    def held(self) -> int:
        """Nodes, those of passages that are gone among them."""
        return int(self.graph.element_count)

    def save(self, path: str | Path) -> None:
        """OSError: it could not be written."""
        write_graph(self.graph, Path(path), self.dim, self.count)

    @classmethod
    def load(
        cls, path: str | Path, dim: int, count: int, ef: int, held: int | None = None, room: int = 0
    ) -> "HNSWIndex":
        """ValueError if the file holds another number of vectors, or another dimension, or links that lead nowhere.

        held: how many nodes there are, where some are of rows that are gone. room: as many as it should be able to have.
        """
        held = count if held is None else held
        check_graph(Path(path), dim, held, count)
        graph = new_graph(dim)
        try:
            graph.load_index(str(path), max_elements=max(held, room))
        except (RuntimeError, MemoryError) as error:
            raise ValueError(f"{path}: is damaged ({one_line(error)})") from None
        return cls(graph, dim, count, ef)

    def search(self, queries: Float[Tensor, "Q D"], k: int) -> tuple[Float32[Tensor, "Q k"], Int[Tensor, "Q k"]]:
        """About the top-k over z of d(z)ᵀq: scores, best first, and their rows. k is at most N."""
        check_search(queries, self.dim, k)
        found = min(k, self.count)
        self.graph.set_ef(max(self.ef, found))  # not kept in the file: it would be 10 after loading
        try:
            rows, distances = self.graph.knn_query(queries.detach().float().cpu().numpy(), k=found)
        except RuntimeError:
            raise ValueError(
                f"the HNSW graph leads to fewer than {found} passages (many identical vectors?); use an exact index"
            ) from None
        scores = 1.0 - torch.from_numpy(distances)  # hnswlib's distance is 1 − ⟨q, d⟩
        rows = torch.from_numpy(rows.astype("int64"))
        check_scores(scores, rows)
        return scores.to(queries.device), rows.to(queries.device)

    def with_ef(self, ef: int) -> "HNSWIndex":
        return replace(self, ef=ef)

    def check_vectors(self, path: Path, vectors: Seen, rows: Int[Tensor, " R"] | None = None) -> None:
        """ValueError: the graph in `path` holds other vectors than these, or under other labels. rows: only these are read."""
        rows = torch.arange(len(vectors)) if rows is None else rows
        for start, block in blocks(vectors, rows):
            labels = rows[start : start + len(block)]
            own = torch.from_numpy(self.graph.get_items(labels.numpy(), return_type="numpy"))
            if not same_vectors(own, block.cpu(), isinstance(vectors, AlongAxes)):
                raise ValueError(f"{path}: was built from other vectors (rows {int(labels[0])} to {int(labels[-1])})")


def same_vectors(own: Float32[Tensor, "n D"], others: Float32[Tensor, "n D"], rounded: bool) -> bool:
    """Bit for bit; if they were computed twice, in products of different sizes, up to what these round differently."""
    return torch.allclose(own, others, rtol=0, atol=1e-5 * float(others.abs().max())) if rounded else own.equal(others)


def add_rows(
    graph: Any,
    vectors: Seen,
    rows: Int[Tensor, " R"],
    num_threads: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """These rows' vectors, under their rows as labels, in this order; one that is there is exchanged.

    `progress` gets how many rows of this graph have been looked at.
    """
    for start, block in blocks(vectors, rows):
        labels = rows[start : start + len(block)]
        if not block.isfinite().all():
            raise ValueError(f"vectors {labels[0]} to {labels[-1]} are not all finite (NaN or infinity)")
        for part, part_labels in zip(block.cpu().split(1024), labels.split(1024), strict=True):
            graph.add_items(part.numpy(), part_labels.numpy(), num_threads)
            if progress is not None:
                progress(int(part_labels[-1]) + 1)


def rows_changed(rows: list[int], before: int, count: int) -> Int[Tensor, " R"]:
    """Those that are said, and all behind the last one before, in order."""
    return torch.tensor(sorted({*rows, *range(before, count)}), dtype=torch.long)


def save_whole(graph: Any, path: Path, dim: int) -> None:
    partial = path.with_suffix(".partial")
    write_graph(graph, partial, dim, graph.element_count)
    os.replace(partial, path)


def write_graph(graph: Any, path: Path, dim: int, count: int) -> None:
    """hnswlib does not notice when the disk is full: so the file is looked at again."""
    try:
        graph.save_index(str(path))
        check_graph(path, dim, graph.element_count, count)
    except (RuntimeError, ValueError):
        raise OSError(errno.EIO, "the graph was not written whole; is the disk full?", str(path)) from None


def check_settings(M: int, ef_construction: int, ef: int) -> None:
    """hnswlib takes any number, and M=0 ends the process."""
    for name, value, least in (("M", M, 2), ("ef_construction", ef_construction, 1), ("ef", ef, 1)):
        if value < least:
            raise ValueError(f"{name}={value} must be at least {least}")


def new_graph(dim: int) -> Any:
    import hnswlib

    return hnswlib.Index(space="ip", dim=dim)
