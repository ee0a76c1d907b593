"""How much room will it take? Said before the long work begins, and refused where the disk has not got it.

Paper     RAG §3 (21 million passages of 768 numbers)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_estimate.py
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from minirag.retrieval.building import Encode, encoded
from minirag.retrieval.changing import Changes
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import PassageStore
from minirag.retrieval.principal_axes import axes_wanted
from minirag.retrieval.vectors import BLOCK, row_bytes


@dataclass(frozen=True)
class Estimate:
    """count: passages there will be; new: those to encode, of which `encoded` are. Bytes: of the finished folder; still to be
    written beside what is there; and in memory beyond the encoder, most of it the graph, which is built as a whole.
    """

    count: int
    new: int
    encoded: int
    disk: int
    still_to_write: int
    memory: int


def estimate(
    store: PassageStore, changes: Changes, old: KnowledgeBase | None, encode: Encode, dtype: str, kind: str, done: int
) -> Estimate:
    """The passages are written already; vectors and graph have as many bytes as their number says."""
    new = len(changes.new_rows())
    dimension = encoded([store.passage(0)], encode).shape[1] if old is None else old.sidecar.dimension
    each = row_bytes(dimension, dtype)
    graph = changes.count * node_bytes(dimension, changes.count) if kind == "hnsw" else 0
    vectors = changes.count * each
    to_write = (new - done) * each + (vectors if old is not None else 0) + 2 * graph  # a graph and its checkpoint
    memory = graph + BLOCK * dimension * 4
    return Estimate(changes.count, new, done, store.path.stat().st_size + vectors + graph, to_write, memory)


def node_bytes(dimension: int, count: int) -> int:
    """Of hnswlib's graph: what it holds of the vector, in float32, 2·M links and their number, the label, and what leads to
    higher levels."""
    from minirag.retrieval.graph_settings import graph_settings

    links = graph_settings(count)["M"]
    return 4 * (axes_wanted(dimension) or dimension) + 8 * links + 4 + 8 + 4 + 8


def check_room(folder: Path, place: Path, needs: Estimate) -> None:
    free = shutil.disk_usage(place).free
    if free < needs.still_to_write:
        wanted = f"{needs.still_to_write / 1e9:,.2f} GB more, and its disk has {free / 1e9:,.2f} GB left"
        raise OSError(f"{folder}: this knowledge base of {needs.count:,} passages needs {wanted}")
