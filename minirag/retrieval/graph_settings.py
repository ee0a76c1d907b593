"""How many links does a graph of N passages need, and how many candidates a search in it? Measured, not guessed.

Paper     Malkov & Yashunin 2016, §4.1 (M, efConstruction, ef)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_graph_settings.py

M and ef_construction must be known before the graph is built, so they come from N. How many candidates (ef) then find
99 % of what exact search finds depends on the vectors, and is tried when the graph is there.

What is asked in this trial matters. A stored vector finds itself and its neighbours easily: in a graph of openqa's 21,840
passages (MiniLM, M 16, ef 25) it had 99.8 % of its exact top 5, real questions 97.7 %, and the points halfway between two
passages that follow each other 94.3 %. With ef 100 it was 100, 99.7 and 99.2 %. So those points are asked: they promise less
than questions will find.
"""

from typing import TypeVar

import torch
from jaxtyping import Float32
from torch import Tensor

from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.hnsw_index import HNSWIndex
from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.rescored_index import RescoredIndex

SMALL_GRAPH = 50_000  # passages
WANTED = 0.99  # of the exact top 5
FIRST_EF, LAST_EF = 50, 3200
SAMPLE = 200

Graph = TypeVar("Graph", HNSWIndex, RescoredIndex)


def graph_settings(count: int) -> dict[str, int]:
    """M, ef_construction and seed for `count` passages.

    On openqa M 16 with ef_construction 100 was built in half the time of 32 with 200, and needed twice the candidates for
    about the same recall (99.7 and 99.6 % of the questions' top 5, ef 100 and 50). In a larger base every search pays for that.
    """
    small = count <= SMALL_GRAPH
    return {"M": 16 if small else 32, "ef_construction": 100 if small else 200, "seed": 0}


def with_enough_candidates(graph: Graph, vectors: Stored) -> tuple[Graph, float]:
    """The graph with ef doubled from 50 until it finds 99 % of what exact search finds, at most to 3,200; and that share."""
    queries = between_passages(vectors)
    exact_scores, _ = ExactIndex(vectors).search(queries, 5)
    ef = FIRST_EF
    while True:
        graph = graph.with_ef(ef)
        found = recall(graph, queries, exact_scores)
        if found >= WANTED or ef >= min(LAST_EF, graph.count):
            return graph, found
        ef *= 2


def between_passages(vectors: Stored) -> Float32[Tensor, "Q D"]:
    """(d(z_i) + d(z_i+1)) / 2 for 200 passages spread evenly; after the last one comes the first."""
    rows = torch.linspace(0, len(vectors) - 1, min(SAMPLE, len(vectors))).long()
    return (vectors[rows].float() + vectors[(rows + 1) % len(vectors)].float()) / 2


def recall(
    graph: HNSWIndex | RescoredIndex, queries: Float32[Tensor, "Q D"], exact_scores: Float32[Tensor, "Q k"]
) -> float:
    """Of the true top k, the share that the graph finds; scores that are equal count as found."""
    try:
        scores, _ = graph.search(queries, exact_scores.shape[1])
    except ValueError:  # the graph leads to fewer than k
        return 0.0
    worst = exact_scores[:, -1:]
    return (scores >= worst - 1e-4 * worst.abs().clamp(min=1.0)).float().mean().item()
