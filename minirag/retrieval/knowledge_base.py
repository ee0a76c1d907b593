"""What does the model know that is not in its weights? A folder: passages, their vectors, an index, and a sidecar.

Paper     RAG §2.2 (non-parametric memory), §4.5 (it can be swapped while the model stays)
Tutorial  tutorials/10_retriever.py, tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_knowledge_base.py, tests/retrieval/test_tampering.py

    knowledge_base.json    the sidecar (sidecar.py)
    passages.sqlite        row, id, title, text and a full-text index (passages.py)
    vectors.safetensors    row → d(z), float16, float32 or int8 (vectors.py)
    index.hnsw             the graph, where the index is "hnsw" (hnsw_index.py), of long vectors along
    axes.safetensors       their principal axes (principal_axes.py, rescored_index.py)
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from minirag.retrieval.along_axes import Axes
from minirag.retrieval.building import Progress, check_place
from minirag.retrieval.checked_passages import checked_passages
from minirag.retrieval.disk_faults import disk_faults_named
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.passages import Passage, PassageStore
from minirag.retrieval.sidecar import (
    AXES,
    GRAPH,
    SIDECAR,
    VECTORS,
    Sidecar,
    check_bytes,
    check_sizes,
    read_sidecar,
    write_sidecar,
)
from minirag.retrieval.vectors import DTYPES, check_finite, open_vectors
from minirag.retrieval.whole_folder import whole_folder


@dataclass(frozen=True, eq=False)
class KnowledgeBase:
    """Open one with `KnowledgeBase.open(folder)`; make or change one with construction.py.

    It stays as it was opened, whatever becomes of the folder.
    """

    folder: Path
    sidecar: Sidecar
    store: PassageStore
    vectors: Stored
    index: Any  # ExactIndex or LaterGraph: both have .search(queries, k)

    @classmethod
    def open(cls, folder: str | Path, fingerprint: str | None = None) -> "KnowledgeBase":
        """Checks sidecar, sizes, shapes and the bytes of small files; and that the encoder with `fingerprint` made it.

        ValueError names the file and its fault. Nothing large is read: the vectors are memory-mapped, and a graph is checked
        and read when it is first searched.
        """
        folder = Path(folder)
        sidecar = read_sidecar(folder)
        try:
            return cls.described(folder, sidecar, fingerprint)
        except (ValueError, OSError):
            if read_sidecar(folder) == sidecar:
                raise
        return cls.open(folder, fingerprint)  # it was exchanged for another generation in the meantime

    @classmethod
    def described(cls, folder: Path, sidecar: Sidecar, fingerprint: str | None) -> "KnowledgeBase":
        """That which this sidecar describes."""
        if fingerprint is not None and fingerprint != sidecar.fingerprint:
            raise ValueError(
                f"{folder / SIDECAR}: the vectors were made by another context encoder"
                f" (fingerprint {sidecar.fingerprint[:12]!r}, this model's is {fingerprint[:12]!r})"
            )
        check_sizes(folder, sidecar)
        vectors = checked_vectors(folder, sidecar)
        store = checked_passages(folder, sidecar)
        return cls(folder, sidecar, store, vectors, open_index(folder, sidecar, vectors))

    def verify(self, progress: Progress | None = None) -> int:
        """Read every byte again and compare. Returns how many there were; ValueError names the first file at fault."""
        if read_sidecar(self.folder) != self.sidecar:
            raise ValueError(f"{self.folder}: was exchanged since it was opened; open it again to verify it")
        total, done = sum(facts["size"] for facts in self.sidecar.files.values()), 0

        def count_up(size: int) -> None:
            nonlocal done
            done += size
            if progress is not None:
                progress(done, total)

        for name, facts in self.sidecar.files.items():
            check_bytes(self.sidecar.path_of(self.folder, name), facts, count_up)
        check_finite(self.sidecar.path_of(self.folder, VECTORS), self.vectors)
        if not isinstance(self.index, ExactIndex):
            self.index.loaded().check_vectors(self.sidecar.path_of(self.folder, GRAPH), self.vectors)
        return total

    def search(self, queries: Float[Tensor, "Q D"], k: int) -> tuple[Float32[Tensor, "Q k"], Int[Tensor, "Q k"]]:
        """top-k over z of d(z)ᵀq: scores, best first, and rows; no gradient. k is at most N."""
        with torch.no_grad():
            return self.index.search(queries, k)

    def vectors_of(self, rows: Int[Tensor, "B K"]) -> Float32[Tensor, "B K D"]:
        """d(z) as stored, in float32, on the device of `rows`."""
        return self.vectors[rows.cpu()].float().to(rows.device)

    def passages_of(self, rows: Int[Tensor, "B K"]) -> list[list[Passage]]:
        return [self.store.get(row) for row in rows.tolist()]

    def __len__(self) -> int:
        return self.sidecar.count

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """A copy in another folder, whole or not at all."""
        folder = Path(folder)
        if folder.resolve() == self.folder.resolve():
            return
        with disk_faults_named(folder):
            check_place(folder, overwrite)
        with disk_faults_named(folder), whole_folder(folder) as unfinished:
            for name in self.sidecar.files:
                shutil.copyfile(self.sidecar.path_of(self.folder, name), unfinished / name)
            write_sidecar(unfinished, replace(self.sidecar, generation=0))
            KnowledgeBase.open(unfinished)


def checked_vectors(folder: Path, sidecar: Sidecar) -> Stored:
    path = sidecar.path_of(folder, VECTORS)
    vectors = open_vectors(path)
    if list(vectors.shape) != [sidecar.count, sidecar.dimension]:
        raise ValueError(
            f"{path}: has shape {list(vectors.shape)}, the sidecar says {[sidecar.count, sidecar.dimension]}"
        )
    if sidecar.dtype not in DTYPES or vectors.dtype != DTYPES[sidecar.dtype][0]:
        raise ValueError(f"{path}: is {vectors.dtype}, the sidecar says {sidecar.dtype}")
    check_finite(path, vectors[:1000])  # all of them are checked by verify()
    return vectors


def open_index(folder: Path, sidecar: Sidecar, vectors: Stored) -> Any:
    if sidecar.index["kind"] == "exact":
        return ExactIndex(vectors)
    from minirag.retrieval.graph_file import read_header
    from minirag.retrieval.later_graph import LaterGraph

    made, axes = sidecar.index, open_axes(folder, sidecar)  # read now: they too are those that were there then

    def load(path: Path) -> Any:
        check_bytes(path, sidecar.files[GRAPH])
        index = load_graph(path, sidecar, vectors, axes)
        index.check_vectors(path, vectors, torch.tensor([0, sidecar.count // 2, sidecar.count - 1]))
        return index

    path = sidecar.path_of(folder, GRAPH)
    read_header(path, made.get("axes", sidecar.dimension), made.get("held", sidecar.count))
    return LaterGraph(path, load)


def open_axes(folder: Path, sidecar: Sidecar) -> Axes | None:
    """Along which the graph sees the vectors; None: it holds them whole."""
    if "axes" not in sidecar.index:
        return None
    from minirag.retrieval.principal_axes import read_axes

    return read_axes(sidecar.path_of(folder, AXES), sidecar.dimension, sidecar.index["axes"])


def load_graph(path: Path, sidecar: Sidecar, vectors: Stored, axes: Axes | None, room: int = 0) -> Any:
    """The graph at `path`, of whole vectors or along axes (HNSWIndex or RescoredIndex). room: see HNSWIndex.load."""
    from minirag.retrieval.hnsw_index import HNSWIndex
    from minirag.retrieval.rescored_index import RescoredIndex

    made = sidecar.index
    numbers = made.get("axes", sidecar.dimension)
    graph = HNSWIndex.load(path, numbers, sidecar.count, made["ef"], made.get("held"), room)
    return graph if axes is None else RescoredIndex(graph, axes, vectors)
