import pytest
import torch

from minirag.retrieval import building
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.hnsw_index import HNSWIndex
from minirag.retrieval.twins import TooManyTwins, most_twins
from tests.retrieval.small_bases import some_passages, unit_vectors


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
@pytest.mark.parametrize("copies", [1, 2, 70])
def test_the_most_frequent_vector_is_counted(dtype, copies):
    vectors = unit_vectors(50, 8).to(dtype)
    mixed = torch.cat([vectors, vectors[7:8].expand(copies - 1, 8), vectors[3:4].expand(copies // 3, 8)])
    count, row = most_twins(mixed)
    assert count == copies and (copies == 1 or row == 7)


def test_zero_is_zero_with_either_sign():
    assert most_twins(torch.tensor([[0.0, 1.0], [-0.0, 1.0], [0.0, -1.0]])) == (2, 0)


def test_a_graph_with_as_many_twins_as_are_allowed_finds_what_lies_near_them():
    vectors = unit_vectors(500, 16)
    mixed = torch.cat([vectors, vectors[7:8].expand(63, 16)])
    near = vectors[(vectors @ vectors[7]).topk(50).indices]
    graph, exact = HNSWIndex.build(mixed, M=16, ef_construction=100, ef=100), ExactIndex(mixed)
    worst = exact.search(near, 5)[0][:, -1:]
    assert (graph.search(near, 5)[0] >= worst - 1e-4).float().mean() >= 0.97


def test_more_twins_than_that_are_refused():
    with pytest.raises(
        TooManyTwins, match=r"^65 passages have the same vector as that of row 0, and no graph leads past"
    ):
        HNSWIndex.build(torch.ones(65, 4), M=16)


def test_the_index_is_exact_where_nobody_asked_for_a_graph(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "EXACT_UP_TO", 50)
    base = build_knowledge_base(tmp_path / "kb", some_passages(100), lambda passages: torch.ones(len(passages), 4), "f")
    assert base.sidecar.index == {"kind": "exact"} and not (tmp_path / "kb" / "index.hnsw").exists()
    assert base.verify() > 0
