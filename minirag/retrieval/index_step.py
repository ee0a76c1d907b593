"""How does a new or changed knowledge base get its index? Exact search needs no file; a graph is built, or changed.

Paper     RAG §3 (FAISS with HNSW)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_knowledge_base.py, tests/retrieval/test_resuming.py, tests/retrieval/test_updating.py

A step of construction.py. A graph that was stopped goes on behind the last 100,000 passages, along the axes that it began with.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minirag.retrieval.along_axes import Axes
from minirag.retrieval.changing import Changes
from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.knowledge_base import KnowledgeBase, load_graph, open_axes
from minirag.retrieval.sidecar import AXES, GRAPH, VECTORS
from minirag.retrieval.staging import WHOLE
from minirag.retrieval.vectors import open_vectors

CHECKPOINT = "graph.checkpoint"
REBUILT_FROM = 4  # a graph is built anew when a quarter of its passages are others


def index_step(
    place: Path,
    old: KnowledgeBase | None,
    changes: Changes,
    kind: str,
    report: Callable[[int], None],
    or_exact: bool,
) -> dict[str, Any]:
    """What the sidecar says of the index; of a graph also how much of the exact top 5 it finds (graph_settings.py).

    or_exact: where too many vectors are the same one for a graph, the index is exact instead.
    """
    if kind == "exact":
        return {"kind": kind}
    rows = sorted({*changes.new_rows(), *(row for row, _ in changes.moved)})
    few = len(rows) + max(0, changes.before - changes.count) <= changes.count // REBUILT_FROM
    if old is not None and old.sidecar.index["kind"] == "hnsw" and few:
        return change_graph(place, old, rows, report)
    return build_graph(place, report, or_exact)


def build_graph(place: Path, report: Callable[[int], None], or_exact: bool) -> dict[str, Any]:
    """From the vectors as stored, by one thread: the same file every time."""
    from minirag.retrieval.graph_settings import graph_settings
    from minirag.retrieval.hnsw_index import HNSWIndex
    from minirag.retrieval.rescored_index import RescoredIndex
    from minirag.retrieval.twins import TooManyTwins

    vectors = open_vectors(place / WHOLE / VECTORS)
    settings = graph_settings(len(vectors))
    how: dict[str, Any] = {**settings, "progress": report, "checkpoint": place / CHECKPOINT}
    graph: HNSWIndex | RescoredIndex
    try:
        axes = axes_step(place, vectors)
        graph = HNSWIndex.build(vectors, **how) if axes is None else RescoredIndex.build(vectors, axes, **how)
    except TooManyTwins:
        if not or_exact:
            raise
        return {"kind": "exact"}
    return save_graph(place, graph, vectors, {"kind": "hnsw", **settings}, axes)


def axes_step(place: Path, vectors: Stored) -> Axes | None:
    """Those that a graph was begun with; else new ones, and no graph has been begun. None: the vectors are short enough."""
    from minirag.retrieval.principal_axes import axes_wanted, principal_axes, read_axes, write_axes

    count = axes_wanted(vectors.shape[1])
    if count is None:
        return None
    if not (place / AXES).is_file():
        (place / CHECKPOINT).unlink(missing_ok=True)
        partial = place / f"{AXES}.partial"
        write_axes(partial, principal_axes(vectors, count))
        os.replace(partial, place / AXES)
    return read_axes(place / AXES, vectors.shape[1], count)


def change_graph(place: Path, old: KnowledgeBase, rows: list[int], report: Callable[[int], None]) -> dict[str, Any]:
    """The old graph, after the vectors in `rows`, and behind its last, became others. Its axes stay."""
    vectors, sidecar = open_vectors(place / WHOLE / VECTORS), old.sidecar
    axes = open_axes(old.folder, sidecar)
    graph = load_graph(sidecar.path_of(old.folder, GRAPH), sidecar, old.vectors, axes, room=len(vectors))
    return save_graph(place, graph.changed(vectors, rows, report), vectors, sidecar.index, axes)


def save_graph(place: Path, graph: Any, vectors: Stored, settings: dict[str, Any], axes: Axes | None) -> dict[str, Any]:
    """With as many candidates as it needs to find enough, which is tried now."""
    from minirag.retrieval.graph_settings import with_enough_candidates
    from minirag.retrieval.principal_axes import write_axes

    graph, recall = with_enough_candidates(graph, vectors)
    graph.save(place / WHOLE / GRAPH)
    if axes is not None:
        write_axes(place / WHOLE / AXES, axes)
    held = {"held": graph.held} if graph.held != graph.count else {}
    seen = {} if axes is None else {"axes": axes.shape[1]}
    settings = {name: value for name, value in settings.items() if name != "held"}
    return {**settings, **seen, "ef": graph.ef, "recall_at_5": round(recall, 4), **held}
