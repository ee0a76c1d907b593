"""All kinds of search behind one interface, and every one of them among the passages that pass a filter."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval import searching
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.filters import ALL, Only, passing_rows
from minirag.retrieval.fusion import reciprocal_rank_fusion, weighted_sum
from minirag.retrieval.searching import KINDS, Fusion, open_search, search_among
from tests.retrieval.small_bases import encode as encode_passages
from tests.retrieval.small_bases import small_base, unit_vectors

ALL_KINDS = pytest.mark.parametrize("kind", KINDS)
QUESTIONS = ["passage number 7", "the text", "12?", "zebra"]
TITLES = ["Title 7", "Title 1*", "Title [23]?", "*", "nothing"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_base(tmp_path_factory.mktemp("searching") / "kb", count=30, index="hnsw")


def encode(questions):
    return torch.cat([unit_vectors(1, 8, seed=len(question)) for question in questions])


def rows(ranked):
    return [row for row, _ in ranked]


@ALL_KINDS
def test_a_batch_finds_what_each_question_finds_best_first(base, kind):
    search = open_search(base, kind, encode)
    together = search(QUESTIONS, 6)
    assert [rows(ranked) for ranked in together] == [rows(search([question], 6)[0]) for question in QUESTIONS]
    for ranked in together:
        assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)
        assert len(set(rows(ranked))) == len(ranked) <= 6


@pytest.mark.parametrize("kind", ["exact", "hnsw", "bm25"])
@given(title=st.sampled_from(TITLES), k=st.integers(1, 35))
def test_a_filter_gives_the_best_k_of_those_that_pass(base, kind, title, k):
    passing = set(passing_rows(base.store, Only(title)))
    everything = open_search(base, kind, encode)(QUESTIONS, 30)
    found = open_search(base, kind, encode, Only(title))(QUESTIONS, k)
    assert [rows(ranked) for ranked in found] == [
        [row for row in rows(one) if row in passing][:k] for one in everything
    ]


@pytest.mark.parametrize(("how", "fuse"), [("rrf", reciprocal_rank_fusion), ("sum", weighted_sum)])
@pytest.mark.parametrize("only", [ALL, Only("Title 1*")])
def test_a_hybrid_search_is_the_fusion_of_both(base, how, fuse, only):
    vectors, words = (open_search(base, kind, encode, only)(QUESTIONS, 30) for kind in ("hnsw", "bm25"))
    hybrid = open_search(base, "hybrid", encode, only, Fusion(how, 0.3))(QUESTIONS, 30)
    assert hybrid == [fuse(pair, [0.7, 0.3])[:30] for pair in zip(vectors, words, strict=True)]


@pytest.mark.parametrize(("share", "kind"), [(0.0, "hnsw"), (1.0, "bm25")])
def test_a_half_that_does_not_count_leaves_the_other(base, share, kind):
    hybrid = open_search(base, "hybrid", encode, fusion=Fusion("sum", share))(QUESTIONS, 10)
    assert [rows(ranked) for ranked in hybrid] == [
        rows(ranked) for ranked in open_search(base, kind, encode)(QUESTIONS, 10)
    ]


def test_words_alone_need_no_vectors_and_find_nothing_where_no_word_is_shared(base):
    assert rows(open_search(base, "bm25")(QUESTIONS, 1)[0]) == [7]
    assert open_search(base, "bm25")(["zebra"], 5) == [[]]


class Graph:
    """Finds what exact search finds, and remembers how many it was asked for."""

    def __init__(self, vectors):
        self.exact, self.asked = ExactIndex(vectors), []

    def search(self, queries, k):
        self.asked.append(k)
        return self.exact.search(queries, k)


class NotAsked(ExactIndex):
    def search(self, queries, k, among=None):
        raise AssertionError("the graph had found enough")


def test_where_many_pass_the_graph_is_asked_for_more_and_what_does_not_pass_is_left_out(monkeypatch):
    monkeypatch.setattr(searching, "EXACT_UP_TO", 10)
    vectors, queries, passing = unit_vectors(400, 8), unit_vectors(5, 8, seed=1), torch.arange(0, 400, 2)
    graph = Graph(vectors)
    scores, found = search_among(graph, NotAsked(vectors), queries, 8, passing)
    assert graph.asked == [32]
    assert torch.equal(found, ExactIndex(vectors).search(queries, 8, passing)[1])
    torch.testing.assert_close(scores, (queries[:, None] * vectors[found]).sum(dim=-1))


def test_where_the_graph_finds_too_few_that_pass_or_few_pass_at_all_these_are_searched_exactly(monkeypatch):
    vectors, queries = unit_vectors(400, 8).abs(), unit_vectors(5, 8, seed=1).abs()
    vectors[360:] *= -1  # the passages that pass are the worst for every question
    expected = ExactIndex(vectors).search(queries, 3, torch.arange(360, 400))
    for few, asked in ((10, [60]), (40, [])):
        monkeypatch.setattr(searching, "EXACT_UP_TO", few)
        graph = Graph(vectors)
        found = search_among(graph, ExactIndex(vectors), queries, 3, torch.arange(360, 400))
        assert graph.asked == asked
        assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("kind", "encoder", "fusion", "fault"),
    [
        ("faiss", encode, Fusion(), "index='faiss' is not one of exact, hnsw, bm25, hybrid"),
        ("hybrid", None, Fusion(), "index 'hybrid' needs an encoder of questions"),
        ("hybrid", encode, Fusion("product"), "fusion='product' is not one of sum, rrf"),
        ("hybrid", encode, Fusion("rrf", 1.5), "the share of BM25 is 1.5, not between 0 and 1"),
    ],
)
def test_what_cannot_be_searched_is_named(base, kind, encoder, fusion, fault):
    with pytest.raises(ValueError, match=fault):
        open_search(base, kind, encoder, fusion=fusion)


def test_a_hybrid_search_takes_the_index_that_there_is(tmp_path):
    exact = small_base(tmp_path / "kb", count=3)
    assert len(open_search(exact, "hybrid", encode)(["passage"], 5)[0]) == 3
    with pytest.raises(ValueError, match=r"kb: has no hnsw index \(it was made with index 'exact'\)"):
        open_search(exact, "hnsw", encode)


def test_the_index_of_a_base_finds_its_own_passages(base):
    own = list(base.store)
    search = open_search(
        base, "exact", lambda questions: encode_passages([own[int(question)] for question in questions])
    )
    assert [rows(ranked) for ranked in search(["3", "29"], 1)] == [[3], [29]]
