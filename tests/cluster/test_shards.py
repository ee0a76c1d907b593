"""Cut into shards, or listed as some, a knowledge base has the same passages and vectors; and a list that lies is refused."""

import json
from dataclasses import replace

import pytest
import torch

from minirag.cluster.shards import is_sharded, join, read_shards, split
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.sidecar import read_sidecar, write_sidecar
from tests.retrieval.small_bases import FINGERPRINT, small_base


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
@pytest.mark.parametrize("index", ["exact", "hnsw"])
def test_nothing_is_lost_and_nothing_changed(tmp_path, dtype, index):
    base = small_base(tmp_path / "kb", 20, dtype=dtype, index=index)
    seen = []
    split(base.folder, tmp_path / "shards", 3, lambda done, total: seen.append((done, total)))
    shards = [KnowledgeBase.open(folder, FINGERPRINT) for folder in read_shards(tmp_path / "shards")[0]]
    assert [len(shard) for shard in shards] == [6, 7, 7]
    assert [passage for shard in shards for passage in shard.store] == list(base.store)
    for part in ("numbers", "scales") if dtype == "int8" else ("float",):
        of = (
            (lambda vectors: vectors.float())
            if part == "float"
            else (lambda vectors, part=part: getattr(vectors, part))
        )
        assert torch.equal(torch.cat([of(shard.vectors) for shard in shards]), of(base.vectors))
    for shard in shards:
        assert (shard.sidecar.dtype, shard.sidecar.index["kind"]) == (dtype, index)
        assert shard.sidecar.stored_recall_at_5 == base.sidecar.stored_recall_at_5
        assert shard.verify() > 0
    assert {total for _, total in seen} == {20} and max(done for done, _ in seen) >= 20


def test_two_knowledge_bases_become_one_in_shards(tmp_path):
    bases = [small_base(tmp_path / name, count) for name, count in (("a", 5), ("b", 9))]
    join([base.folder for base in bases], tmp_path / "shards")
    folders, sidecars = read_shards(tmp_path / "shards")
    assert [folder.resolve() for folder in folders] == [base.folder.resolve() for base in bases]
    assert [sidecar.count for sidecar in sidecars] == [5, 9] and is_sharded(tmp_path / "shards")


def test_a_shard_of_another_encoder_or_twice_is_refused(tmp_path):
    a, b = (small_base(tmp_path / name, 5) for name in "ab")
    with pytest.raises(ValueError, match="a: is a shard twice"):
        join([a.folder, b.folder, a.folder], tmp_path / "shards")
    write_sidecar(b.folder, replace(read_sidecar(b.folder), fingerprint="another"))
    with pytest.raises(ValueError, match=r"b: its vectors were made by another encoder than those of .*a$"):
        join([a.folder, b.folder], tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


@pytest.mark.parametrize("count", [0, 21])
def test_more_shards_than_passages(tmp_path, count):
    base = small_base(tmp_path / "kb", 20)
    with pytest.raises(ValueError, match="20 passages cannot be cut into"):
        split(base.folder, tmp_path / "shards", count)
    assert not (tmp_path / "shards").exists()


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    base = small_base(tmp_path / "kb", 20)
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        split(base.folder, tmp_path / "shards", 2)
    assert (tmp_path / "shards" / "thesis.txt").read_text() == "mine"


def test_shards_are_replaced_only_when_asked_for_and_nothing_else_is(tmp_path):
    base = small_base(tmp_path / "kb", 20)
    split(base.folder, tmp_path / "shards", 2)
    with pytest.raises(ValueError, match="holds shards already"):
        split(base.folder, tmp_path / "shards", 3)
    split(base.folder, tmp_path / "shards", 3, overwrite=True)
    assert len(read_shards(tmp_path / "shards")[0]) == 3
    (tmp_path / "shards" / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds other files \('thesis.txt'\)"):
        split(base.folder, tmp_path / "shards", 2, overwrite=True)
    assert len(read_shards(tmp_path / "shards")[0]) == 3


@pytest.mark.parametrize("contents", ["", "[]", "{}", '{"format": "minirag shards", "shards": []}', "[" * 100_000])
def test_a_list_that_is_none(tmp_path, contents):
    (tmp_path / "shards.json").write_text(contents)
    with pytest.raises(ValueError, match=r"shards\.json: "):
        read_shards(tmp_path)


def test_a_shard_that_is_not_there(tmp_path):
    (tmp_path / "shards.json").write_text(json.dumps({"format": "minirag shards", "shards": ["gone"]}))
    with pytest.raises(ValueError, match="gone: is not a knowledge base"):
        read_shards(tmp_path)
