import shutil
from types import SimpleNamespace

import pytest

from minirag.retrieval.construction import build_knowledge_base, update_knowledge_base
from minirag.retrieval.estimate import node_bytes
from tests.retrieval.small_bases import FINGERPRINT, encode, small_base, some_passages


@pytest.mark.parametrize(
    ("index", "dtype"), [("exact", "float16"), ("exact", "float32"), ("exact", "int8"), ("hnsw", "float16")]
)
def test_the_room_that_was_estimated_is_the_room_that_is_taken(tmp_path, index, dtype):
    told = []
    base = small_base(tmp_path / "kb", 400, index=index, dtype=dtype, announce=told.append)
    size = sum(facts["size"] for facts in base.sidecar.files.values())
    (needs,) = told
    assert (needs.count, needs.new, needs.encoded) == (400, 400, 0)
    assert size == pytest.approx(needs.disk, rel=0.02)  # a header, and a graph's higher levels
    graph = 400 * node_bytes(8, 400) if index == "hnsw" else 0
    assert graph < needs.memory < graph + 10**6


def test_what_is_new_is_what_is_to_be_encoded(tmp_path):
    small_base(tmp_path / "kb", 10)
    told = []
    update_knowledge_base(
        tmp_path / "kb", lambda source: False, some_passages(13), encode, FINGERPRINT, announce=told.append
    )
    assert (told[0].count, told[0].new) == (13, 3)


def test_a_disk_that_is_too_small_is_noticed_before_anything_is_encoded(tmp_path, monkeypatch):
    calls = []

    def encoder(passages):
        calls.append(len(passages))
        return encode(passages)

    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=100))
    with pytest.raises(OSError, match=r"kb: this knowledge base of 30 passages needs 0\.00 GB more, and its disk has"):
        build_knowledge_base(tmp_path / "kb", some_passages(30), encoder, FINGERPRINT)
    assert calls == [1] and list(tmp_path.iterdir()) == []
