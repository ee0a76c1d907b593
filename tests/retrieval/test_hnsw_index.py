import ast
from pathlib import Path

import pytest
import torch

from minirag.retrieval import hnsw_index
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.hnsw_index import HNSWIndex
from tests.retrieval.small_bases import unit_vectors

N, D = 1500, 24


@pytest.fixture(scope="module")
def vectors():
    """Clusters, and lengths that vary: inner product is not cosine here."""
    centres, noise = unit_vectors(30, D), unit_vectors(N, D, seed=1)
    lengths = torch.linspace(0.8, 1.2, N)[:, None]
    return (lengths * (centres.repeat(N // 30, 1) + 0.7 * noise)).half()


@pytest.fixture(scope="module")
def index(vectors):
    return HNSWIndex.build(vectors)


@pytest.fixture(scope="module")
def saved(index, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "index.hnsw"
    index.save(path)
    return path


def test_it_finds_nearly_all_that_exact_search_finds(index, vectors):
    queries = unit_vectors(100, D, seed=2)
    scores, rows = index.search(queries, 10)
    exact_scores, exact_rows = ExactIndex(vectors).search(queries, 10)
    found = sum(len(set(a) & set(b)) for a, b in zip(rows.tolist(), exact_rows.tolist(), strict=True))
    assert found >= 0.95 * 1000
    torch.testing.assert_close(scores[:, 0], exact_scores[:, 0])


def test_scores_are_inner_products_best_first(index, vectors):
    queries = unit_vectors(5, D, seed=3)
    scores, rows = index.search(queries, 7)
    torch.testing.assert_close(scores, (queries[:, None] * vectors[rows].float()).sum(-1))
    assert torch.equal(scores, scores.sort(dim=1, descending=True).values)


def test_a_vector_of_length_one_finds_its_own_row():
    vectors = unit_vectors(300, 16)
    _, rows = HNSWIndex.build(vectors).search(vectors, 1)
    assert rows[:, 0].tolist() == list(range(300))


def test_one_thread_and_one_seed_give_the_same_file(saved, vectors, tmp_path):
    HNSWIndex.build(vectors).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_saving_and_loading_changes_nothing(index, saved):
    loaded = HNSWIndex.load(saved, D, N, ef=200)
    queries = unit_vectors(20, D, seed=4)
    for before, after in zip(index.search(queries, 10), loaded.search(queries, 10), strict=True):
        assert torch.equal(before, after)


def test_the_vectors_it_was_built_from_are_told_from_others(index, saved, vectors):
    index.check_vectors(saved, vectors)
    others = vectors.clone()
    others[70, 3] += 0.01
    index.check_vectors(saved, others, torch.tensor([0, 69, 71]))
    for rows in (None, torch.tensor([0, 70])):
        with pytest.raises(ValueError, match="was built from other vectors"):
            index.check_vectors(saved, others, rows)


def test_ef_is_the_given_one_after_loading(saved):
    index = HNSWIndex.load(saved, D, N, ef=33)
    index.search(unit_vectors(1, D), 5)
    assert index.graph.ef == 33


def test_more_than_there_are_is_as_many_as_there_are():
    scores, rows = HNSWIndex.build(unit_vectors(3, 4)).search(unit_vectors(2, 4), 10)
    assert scores.shape == (2, 3)
    assert rows.sort(dim=1).values.tolist() == [[0, 1, 2]] * 2


def test_one_passage_is_enough():
    assert HNSWIndex.build(unit_vectors(1, 4)).search(unit_vectors(2, 4), 1)[1].tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("dim", "count", "message"),
    [(D + 1, N, f"holds vectors of dimension {D}, not {D + 1}"), (D, N - 1, f"holds {N} vectors, not {N - 1}")],
)
def test_a_file_of_other_vectors_is_named(saved, dim, count, message):
    with pytest.raises(ValueError, match=rf"index\.hnsw: {message}"):
        HNSWIndex.load(saved, dim, count, ef=10)


@pytest.mark.parametrize("length", [0, 10, 60, 10_000, -1])
def test_a_truncated_file_is_named(saved, tmp_path, length):
    (tmp_path / "cut.hnsw").write_bytes(saved.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"cut\.hnsw: "):
        HNSWIndex.load(tmp_path / "cut.hnsw", D, N, ef=10)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.hnsw: cannot be read"):
        HNSWIndex.load(tmp_path / "none.hnsw", D, N, ef=10)


def test_a_question_that_is_not_finite_is_refused(index):
    with pytest.raises(ValueError, match="the vector of question 0 is not finite"):
        index.search(torch.full((1, D), float("nan")), 1)


def test_vectors_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="vectors 0 to 2 are not all finite"):
        HNSWIndex.build(torch.tensor([[1.0], [float("nan")], [2.0]]))


@pytest.mark.parametrize(("name", "value", "least"), [("M", 1, 2), ("ef_construction", 0, 1), ("ef", 0, 1)])
def test_settings_that_make_no_graph_are_refused(name, value, least):
    with pytest.raises(ValueError, match=f"{name}={value} must be at least {least}"):
        HNSWIndex.build(torch.ones(3, 4), **{name: value})


def test_no_questions_have_no_answers(index):
    assert index.search(torch.ones(0, D), 3)[1].shape == (0, 3)


def test_a_search_in_a_graph_that_does_not_lead_everywhere_is_an_error_of_one_line():
    class Broken:
        def set_ef(self, ef):
            pass

        def knn_query(self, queries, k):
            raise RuntimeError("Cannot return the results in a contiguous 2D array")

    with pytest.raises(ValueError, match="leads to fewer than 3 passages"):
        HNSWIndex(Broken(), 4, 3, 10).search(torch.ones(1, 4), 3)


def test_hnswlib_is_not_imported_before_a_graph_is_wanted():
    """Read from the source: every import of it stands inside a function."""
    for path in Path(hnsw_index.__file__).parent.glob("*.py"):
        at_import = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.Import)]
        assert "hnswlib" not in [alias.name for node in at_import for alias in node.names]
