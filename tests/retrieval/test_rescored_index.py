"""A graph of short vectors names candidates, whole vectors decide: what it finds has the scores and order of exact search."""

import pytest
import torch

from minirag.retrieval import rescored_index
from minirag.retrieval.construction import update_knowledge_base
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.hnsw_index import HNSWIndex
from minirag.retrieval.int8_vectors import as_int8
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.principal_axes import principal_axes
from minirag.retrieval.rescored_index import RescoredIndex
from minirag.retrieval.sidecar import AXES, GRAPH
from minirag.retrieval.twins import TooManyTwins
from tests.retrieval.small_bases import FINGERPRINT, LONG, encode_long, small_base, some_passages, unit_vectors

N, D = 1200, 48  # of which a third is 16


@pytest.fixture(scope="module")
def vectors():
    """Clusters, and lengths that vary: inner product is not cosine here."""
    centres, noise = unit_vectors(30, D), unit_vectors(N, D, seed=1)
    lengths = torch.linspace(0.8, 1.2, N)[:, None]
    return (lengths * (centres.repeat(N // 30, 1) + 0.7 * noise)).half()


def short(vectors, **settings):
    return RescoredIndex.build(vectors, principal_axes(vectors, D // 3), **settings)


@pytest.fixture(scope="module")
def index(vectors):
    return short(vectors)


def found(rows, true):
    return float((rows[:, :, None] == true[:, None, :]).any(dim=1).float().mean())


def test_it_finds_nearly_all_that_exact_search_finds_and_more_than_the_short_vectors_alone(index, vectors):
    queries = vectors[::12].float() + 0.3 * unit_vectors(100, D, seed=2)
    true = ExactIndex(vectors).search(queries, 5)[1]
    alone = index.graph.search(queries @ index.axes, 5)[1]
    assert found(index.search(queries, 5)[1], true) > 0.97 > 0.7 > found(alone, true)


@pytest.mark.parametrize("stored", [torch.Tensor.half, torch.Tensor.float, as_int8])
def test_scores_are_those_of_whole_vectors_best_first(vectors, stored):
    kept, queries = stored(vectors.float()), unit_vectors(9, D, seed=3)
    scores, rows = short(kept).search(queries, 7)
    torch.testing.assert_close(scores, (queries[:, None] * kept[rows].float()).sum(-1))
    assert torch.equal(scores, scores.sort(dim=1, descending=True).values)


def test_with_as_many_candidates_as_vectors_it_is_exact_search(index, vectors, monkeypatch):
    monkeypatch.setattr(rescored_index, "RESCORED", N)
    queries = unit_vectors(20, D, seed=4)
    for mine, exact in zip(index.with_ef(N).search(queries, 9), ExactIndex(vectors).search(queries, 9), strict=True):
        torch.testing.assert_close(mine, exact)


@pytest.mark.parametrize(("ef", "k", "scored"), [(50, 5, 50), (900, 5, 400), (900, 150, 600), (50, 60, 60)])
def test_of_many_candidates_the_best_400_are_scored_again_or_four_times_those_that_are_wanted(index, ef, k, scored):
    assert index.with_ef(ef).candidates(unit_vectors(1, D) @ index.axes, k).shape == (1, scored)


@pytest.mark.parametrize("numbers", [1, 10 * D * 200])
def test_how_many_questions_are_scored_at_once_changes_nothing(index, monkeypatch, numbers):
    queries = unit_vectors(11, D, seed=5)
    expected = index.search(queries, 5)
    monkeypatch.setattr(rescored_index, "AT_ONCE", numbers)
    for mine, whole in zip(index.search(queries, 5), expected, strict=True):
        torch.testing.assert_close(mine, whole)


def test_more_are_wanted_than_there_are_candidates_or_vectors(index):
    assert index.with_ef(3).search(unit_vectors(2, D), 40)[1].shape == (2, 40)
    few = short(unit_vectors(4, D))
    assert sorted(few.search(unit_vectors(1, D), 10)[1][0].tolist()) == [0, 1, 2, 3]


def test_a_graph_that_leads_to_fewer_than_it_should_keep_is_asked_for_those_that_are_wanted(vectors):
    class LeadsToFive:
        def set_ef(self, ef):
            pass

        def knn_query(self, queries, k):
            if k > 5:
                raise RuntimeError("Cannot return the results in a contiguous 2D array")
            return torch.arange(5).repeat(len(queries), 1).numpy(), torch.zeros(len(queries), 5).numpy()

    axes = principal_axes(vectors, 16)
    index, query = RescoredIndex(HNSWIndex(LeadsToFive(), 16, N, 50), axes, vectors), unit_vectors(1, D)
    assert sorted(index.search(query, 5)[1][0].tolist()) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="leads to fewer than 6 passages"):
        index.search(query, 6)


def test_too_many_of_one_vector_are_refused():
    with pytest.raises(TooManyTwins, match="65 passages have the same vector"):
        short(torch.ones(65, D), M=16)


def test_what_is_asked_is_checked_against_the_whole_vectors(index):
    with pytest.raises(ValueError, match="dimension 16, the index has 48"):
        index.search(torch.ones(1, 16), 1)
    with pytest.raises(ValueError, match="question 0 is not finite"):
        index.search(torch.full((1, D), torch.nan), 1)


def test_a_knowledge_base_of_long_vectors_has_a_graph_of_a_third(tmp_path):
    base = small_base(tmp_path / "kb", 300, encode_long, index="hnsw")
    assert base.sidecar.index["axes"] == 80 and set(base.sidecar.files) >= {AXES, GRAPH}
    assert (tmp_path / "kb" / GRAPH).stat().st_size < 300 * 4 * LONG
    opened = KnowledgeBase.open(tmp_path / "kb")
    opened.verify()
    asked = opened.vectors[:50].float()
    scores, rows = opened.search(asked, 5)
    torch.testing.assert_close((scores, rows), ExactIndex(opened.vectors).search(asked, 5))
    assert opened.index.loaded().ef == base.sidecar.index["ef"]


def test_other_vectors_than_the_graphs_are_noticed(tmp_path):
    base = small_base(tmp_path / "kb", 40, encode_long, index="hnsw")
    graph = base.index.loaded()
    other = base.vectors.clone()
    other[7] += 0.01
    graph.check_vectors(tmp_path / "kb" / GRAPH, base.vectors)
    with pytest.raises(ValueError, match=r"index\.hnsw: was built from other vectors"):
        graph.check_vectors(tmp_path / "kb" / GRAPH, other)


def test_a_changed_knowledge_base_keeps_its_axes_and_finds_what_came(tmp_path):
    before = small_base(tmp_path / "kb", 60, encode_long, index="hnsw")
    axes = before.index.loaded().axes
    came = [passage for passage in some_passages(64) if passage.id in {"p60", "p61", "p62", "p63"}]
    base, _ = update_knowledge_base(tmp_path / "kb", lambda source: False, came, encode_long, FINGERPRINT)
    base.verify()
    assert torch.equal(base.index.loaded().axes, axes) and base.sidecar.index["axes"] == 80
    assert base.search(encode_long(came), 1)[1].flatten().tolist() == [60, 61, 62, 63]


def test_a_graph_of_whole_vectors_from_before_is_opened_and_stays_one(tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr("minirag.retrieval.principal_axes.axes_wanted", lambda dimension: None)
        assert "axes" not in small_base(tmp_path / "kb", 60, encode_long, index="hnsw").sidecar.index
    came = some_passages(62)[60:]
    base, _ = update_knowledge_base(tmp_path / "kb", lambda source: False, came, encode_long, FINGERPRINT)
    base.verify()
    assert isinstance(base.index.loaded(), HNSWIndex) and AXES not in base.sidecar.files
    assert base.search(encode_long(came), 1)[1].flatten().tolist() == [60, 61]


def test_a_graph_that_was_begun_without_these_axes_is_begun_anew(tmp_path):
    """hnswlib would open it as one of vectors of another length."""
    place = tmp_path / ".kb.building"

    def stopped(passages):
        (place / "graph.checkpoint").write_bytes(b"a graph of whole vectors")
        return encode_long(passages)

    small_base(tmp_path / "kb", 30, stopped, index="hnsw").verify()
