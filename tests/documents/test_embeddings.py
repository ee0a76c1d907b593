"""Vectors in files of their own are put to the passages whose they are, or refused."""

import pytest
import torch

from minirag.documents.embeddings import embedding_files, with_embeddings
from minirag.retrieval.passage import Passage
from tests.documents.small_files import pickled_vectors

PASSAGES = [Passage(str(number), "t", f"text {number}") for number in range(1, 6)]
VECTORS = torch.arange(10.0).view(5, 2) + 1


@pytest.fixture
def shards(tmp_path):
    """Of two vectors each."""

    def write(*ids, vectors=VECTORS):
        parts = [ids[start : start + 2] for start in range(0, len(ids), 2)]
        paths = [tmp_path / f"v_{number}.pkl" for number in range(len(parts))]
        for number, (path, part) in enumerate(zip(paths, parts, strict=True)):
            path.write_bytes(pickled_vectors(part, vectors[2 * number : 2 * number + len(part)]))
        return paths

    return write


@pytest.mark.parametrize("prefix", ["", "wiki:"])
def test_every_passage_has_its_vector_and_knows_from_which_file(shards, prefix):
    found = list(with_embeddings(PASSAGES, shards(*(f"{prefix}{number}" for number in range(1, 6)))))
    assert found == PASSAGES
    assert torch.equal(torch.stack([passage.vector for passage in found]), VECTORS)
    assert [passage.vector_source.rpartition("/")[2] for passage in found] == ["v_0.pkl"] * 2 + ["v_1.pkl"] * 2 + [
        "v_2.pkl"
    ]


def test_passages_behind_the_last_vector_are_left_without(shards):
    found = list(with_embeddings(PASSAGES, shards("1", "2", "3")))
    assert [passage.vector is None for passage in found] == [False] * 3 + [True] * 2


def test_no_files_no_vectors():
    assert [passage.vector for passage in with_embeddings(PASSAGES, [])] == [None] * 5


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["1", "3"], r"v_0\.pkl: its vector number 2 is that of '3', but the passage there is '2'"),
        (["1", "2", "4"], r"v_1\.pkl: its vector number 1 is that of '4', but the passage there is '3'"),
        (["11"], r"is that of '11', but the passage there is '1'"),
        (["1", "2", "3", "4", "5", "6"], r"v_2\.pkl: has a vector for '6', behind the last passage"),
    ],
)
def test_a_vector_of_another_passage_is_refused(shards, ids, message):
    with pytest.raises(ValueError, match=message):
        list(with_embeddings(PASSAGES, shards(*ids, vectors=torch.ones(len(ids), 2))))


def test_files_of_a_pattern_are_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 9, 1, 2):
        (tmp_path / f"v_{number}.pkl").write_bytes(b"")
    (tmp_path / "v_3").mkdir()
    found = embedding_files([tmp_path / "v_*"])
    assert [path.name for path in found] == ["v_1.pkl", "v_2.pkl", "v_9.pkl", "v_10.pkl"]
    assert embedding_files([found[3], found[0]]) == [found[3], found[0]]


def test_a_pattern_that_matches_nothing_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"x\*\.pkl: is no file, and matches none"):
        embedding_files([tmp_path / "x*.pkl"])
