import pytest
import torch

from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.graph_settings import (
    FIRST_EF,
    LAST_EF,
    SMALL_GRAPH,
    WANTED,
    between_passages,
    graph_settings,
    recall,
    with_enough_candidates,
)
from minirag.retrieval.hnsw_index import HNSWIndex
from tests.retrieval.small_bases import unit_vectors


@pytest.fixture(scope="module")
def poor():
    """Few links among vectors that have no order: many candidates are needed."""
    vectors = unit_vectors(1500, 48)
    return HNSWIndex.build(vectors, M=6, ef_construction=20), vectors


def measured(graph, vectors):
    queries = between_passages(vectors)
    return recall(graph, queries, ExactIndex(vectors).search(queries, 5)[0])


def test_more_candidates_are_kept_until_enough_is_found(poor):
    graph, vectors = poor
    enough, found = with_enough_candidates(graph, vectors)
    assert enough.ef > FIRST_EF
    assert found == measured(enough, vectors) >= WANTED
    assert measured(HNSWIndex(enough.graph, 48, 1500, enough.ef // 2), vectors) < WANTED


def test_a_good_graph_keeps_the_first_number_of_candidates():
    vectors = unit_vectors(300, 16).half()
    graph, found = with_enough_candidates(HNSWIndex.build(vectors, **graph_settings(300)), vectors)
    assert (graph.ef, found) == (FIRST_EF, 1.0)


@pytest.mark.parametrize(("count", "ef"), [(300, 400), (10_000, LAST_EF)])
def test_where_it_is_not_possible_the_search_for_it_ends(count, ef):
    class LeadsNowhere:
        def set_ef(self, ef):
            pass

        def knn_query(self, queries, k):
            raise RuntimeError("Cannot return the results in a contiguous 2D array")

    vectors = unit_vectors(count, 4)
    graph, found = with_enough_candidates(HNSWIndex(LeadsNowhere(), 4, count, 1), vectors)
    assert (graph.ef, found) == (ef, 0.0)


def test_what_is_asked_lies_halfway_between_a_passage_and_the_next():
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]])
    assert between_passages(vectors).tolist() == [[0.5, 0.5], [1.5, 2.0], [2.0, 1.5]]
    assert between_passages(vectors[:1]).tolist() == [[1.0, 0.0]]
    assert len(between_passages(unit_vectors(1000, 2))) == 200


def test_large_graphs_have_more_links():
    assert graph_settings(SMALL_GRAPH) == {"M": 16, "ef_construction": 100, "seed": 0}
    assert graph_settings(SMALL_GRAPH + 1) == {"M": 32, "ef_construction": 200, "seed": 0}
