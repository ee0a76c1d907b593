"""Shards on three nodes find what one knowledge base finds, also while processes and nodes die; or say that they cannot."""

import os
import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.cluster.sharded_knowledge_base import ShardedKnowledgeBase, merged, sharded_search
from minirag.cluster.shards import split
from minirag.configuration import RagConfig
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.filters import Only
from minirag.retrieval.retriever import RagRetriever
from minirag.retrieval.searching import open_search
from tests.cluster.small_clusters import whereabouts
from tests.retrieval.small_bases import FINGERPRINT, encode, small_base, some_passages, unit_vectors

QUERIES = unit_vectors(6, 8, seed=1)


@pytest.fixture(scope="module", params=["exact", "hnsw"])
def whole(request, tmp_path_factory):
    return small_base(tmp_path_factory.mktemp("whole") / "kb", 500, index=request.param)


@pytest.fixture(scope="module")
def sharded(cluster, whole, tmp_path_factory):
    out = tmp_path_factory.mktemp("sharded") / "shards"
    split(whole.folder, out, 3)
    return ShardedKnowledgeBase.open(out, FINGERPRINT)


@pytest.fixture
def own(cluster, tmp_path):
    """(whole, sharded) that a test may damage; of 20 passages in 3 shards."""
    base = small_base(tmp_path / "kb", 20)
    split(base.folder, tmp_path / "shards", 3)
    return base, ShardedKnowledgeBase.open(tmp_path / "shards", FINGERPRINT, patience=60.0)


@pytest.fixture(scope="module")
def undamaged(cluster, tmp_path_factory):
    """Of 20 passages in 2 shards without graphs."""
    folder = tmp_path_factory.mktemp("undamaged")
    split(small_base(folder / "kb", 20).folder, folder / "shards", 2)
    return ShardedKnowledgeBase.open(folder / "shards")


def same(sharded, whole, k=5):
    scores, rows = sharded.search(QUERIES, k)
    wanted, wanted_rows = whole.search(QUERIES, k)
    assert torch.equal(rows, wanted_rows)
    torch.testing.assert_close(scores, wanted, rtol=1e-6, atol=1e-6)  # of other blocks, summed in another order


def process_of(server):
    return whereabouts(server)[1]


@pytest.mark.parametrize("k", [1, 5, 200, 500, 600])  # 200: more than a shard holds; 600: than all hold
def test_the_same_passages_are_found(sharded, whole, k):
    same(sharded, whole, k)


def test_a_retriever_cannot_tell_the_difference(sharded, whole):
    found, wanted = (RagRetriever(RagConfig(n_docs=4), base).retrieve(QUERIES) for base in (sharded, whole))
    assert found.passages == wanted.passages and len(sharded) == len(whole)
    assert torch.equal(found.vectors, wanted.vectors) and torch.equal(found.rows, wanted.rows)
    assert torch.equal(found.doc_scores, wanted.doc_scores)


@pytest.mark.parametrize("only", [Only(), Only(title="Title 1*"), Only(title="Title 499"), Only(title="nobody")])
def test_filters_filter_in_every_shard(sharded, whole, only):
    def asked(questions):
        return QUERIES[: len(questions)]

    searched = sharded_search(sharded, None, asked, only)(["a", "b"], 5)
    wanted = open_search(whole, whole.sidecar.index["kind"], asked, only)(["a", "b"], 5)
    assert [[row for row, _ in one] for one in searched] == [[row for row, _ in one] for one in wanted]


def test_a_killed_shard_is_started_again_and_the_question_waits_for_it(own):
    base, sharded = own
    same(sharded, base)
    before = process_of(sharded.servers[1])
    os.kill(before, 9)
    same(sharded, base)
    assert process_of(sharded.servers[1]) != before


def test_all_shards_killed_at_once(own):
    base, sharded = own
    for server in sharded.servers:
        os.kill(process_of(server), 9)
    same(sharded, base)


def test_a_shard_that_is_gone_from_the_disk_fails_clearly_and_comes_back(own, tmp_path):
    base, sharded = own
    hidden = tmp_path / "hidden"
    shutil.move(tmp_path / "shards" / "shard-001", hidden)
    os.kill(process_of(sharded.servers[1]), 9)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^shard 1 \(.*shard-001\): .*is not a knowledge base"):
            sharded.search(QUERIES, 5)
    shutil.move(hidden, tmp_path / "shards" / "shard-001")
    same(sharded, base)


def test_a_shard_that_was_exchanged_meanwhile_is_not_taken_for_the_old_one(own, tmp_path):
    _, sharded = own
    place = tmp_path / "shards" / "shard-002"
    build_knowledge_base(place, some_passages(7)[::-1], encode, FINGERPRINT, overwrite=True)
    os.kill(process_of(sharded.servers[2]), 9)
    with pytest.raises(ValueError, match=r"^shard 2 .*was exchanged since the shards were opened"):
        sharded.search(QUERIES, 5)


def test_an_answer_that_does_not_come_in_time_fails(own):
    _, sharded = own
    sharded.patience = 0.0
    with pytest.raises(OSError, match=r"^shard \d .*: gave no answer in 0 seconds$"):
        sharded.search(QUERIES, 5)


def test_a_node_that_dies_takes_no_shard_with_it(cluster, tmp_path):
    base = small_base(tmp_path / "kb", 20)
    extra = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    split(base.folder, tmp_path / "four", 4)
    sharded = ShardedKnowledgeBase.open(tmp_path / "four")
    at = [whereabouts(server)[0] for server in sharded.servers]
    assert len(set(at)) == 4 and extra.node_id in at
    cluster.remove_node(extra, allow_graceful=False)
    same(sharded, base)


def test_words_are_not_compared_between_shards(undamaged):
    for kind in ("bm25", "hybrid"):
        with pytest.raises(ValueError, match="is not for shards"):
            sharded_search(undamaged, kind, lambda questions: QUERIES)


def test_a_graph_that_no_shard_has(undamaged):
    with pytest.raises(ValueError, match="shard-000: has no hnsw index"):
        undamaged.ranked(QUERIES, 3, "hnsw")


def test_a_foreign_encoder_is_refused(undamaged):
    with pytest.raises(ValueError, match="another context encoder"):
        ShardedKnowledgeBase.open(undamaged.folder, "another")


def test_rows_that_are_not_there(undamaged):
    with pytest.raises(ValueError, match=r"no passage in row 20 \(rows 0 to 19\)"):
        undamaged.get([3, 20])


def test_it_is_not_copied(undamaged, tmp_path):
    with pytest.raises(ValueError, match="is not copied"):
        undamaged.save(tmp_path / "copy")


RANKED = st.lists(st.integers(-5, 5), max_size=6)


@given(st.lists(RANKED, min_size=1, max_size=4), st.integers(1, 8))
def test_the_best_of_all_are_among_the_best_of_each(scores, k):
    every = sorted(
        ((row, float(score)) for row, score in enumerate(score for own in scores for score in own)),
        key=lambda of: (-of[1], of[0]),
    )
    offsets, found = [0], []
    for own in scores:
        offsets.append(offsets[-1] + len(own))
        found.append(sorted(enumerate(map(float, own)), key=lambda of: (-of[1], of[0]))[:k])
    assert merged(found, offsets, k) == every[:k]
