"""Encoded by several workers, killed or not: the same knowledge base, byte for byte, as one process makes."""

import pytest

from minirag.cluster.encoding import SpreadEncoder
from minirag.retrieval.construction import build_knowledge_base
from tests.cluster.small_clusters import (
    FINGERPRINT,
    AlwaysDies,
    DiesOnce,
    Refuses,
    encode,
    opened,
    opened_another,
    whereabouts,
)
from tests.retrieval.small_bases import some_passages

pytestmark = pytest.mark.usefixtures("cluster")


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def build(folder, spread, **settings):
    return build_knowledge_base(
        folder, some_passages(3000), spread, FINGERPRINT, batch_size=64, at_once=spread.at_once, **settings
    )


@pytest.fixture
def alone(tmp_path):
    build_knowledge_base(tmp_path / "alone", some_passages(3000), encode, FINGERPRINT, batch_size=64)
    return bytes_of(tmp_path / "alone")


def test_several_workers_make_the_same_knowledge_base(tmp_path, alone):
    seen = []
    build(tmp_path / "kb", SpreadEncoder(opened, 3, FINGERPRINT), progress=lambda done, total: seen.append(done))
    assert bytes_of(tmp_path / "kb") == alone
    assert seen == sorted(seen) and seen[-1] == 3000


def test_the_workers_are_on_different_nodes():
    workers = SpreadEncoder(opened, 3, FINGERPRINT).workers
    assert len({whereabouts(worker)[0] for worker in workers}) == 3


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(tmp_path, alone):
    build(tmp_path / "kb", SpreadEncoder(DiesOnce(tmp_path / "mark", "p1500"), 2, FINGERPRINT))
    assert (tmp_path / "mark").exists()
    assert bytes_of(tmp_path / "kb") == alone


def test_a_worker_that_dies_every_time_ends_the_work_and_is_named(tmp_path):
    with pytest.raises(OSError, match=r"^encoding worker 1: its process died, and every new one, too$"):
        build(tmp_path / "kb", SpreadEncoder(AlwaysDies(tmp_path / "mark", ""), 1, FINGERPRINT))
    assert not (tmp_path / "kb").exists()


def test_what_an_encoder_refuses_is_said_in_one_line(tmp_path):
    with pytest.raises(ValueError, match=r"^encoding worker \d: a passage without words$"):
        build(tmp_path / "kb", SpreadEncoder(Refuses(tmp_path / "mark", ""), 2, FINGERPRINT))


def test_a_worker_with_another_encoder_is_refused():
    with pytest.raises(ValueError, match=r"^encoding worker 1: has another encoder"):
        SpreadEncoder(opened_another, 2, FINGERPRINT)
