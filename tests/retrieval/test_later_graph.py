"""A graph is read when it is searched, once, and it is the one that was there when the knowledge base was opened."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from minirag.retrieval import sidecar
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.hnsw_index import HNSWIndex
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.sidecar import GRAPH
from tests.retrieval.small_bases import FINGERPRINT, encode, encode_long, small_base, some_passages

ASKED = encode(some_passages(3))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sidecar, "SMALL", 0)  # as if its files were large
    return small_base(tmp_path / "kb", 30, index="hnsw").folder


@pytest.fixture
def loads(monkeypatch):
    made, load = [], HNSWIndex.load
    monkeypatch.setattr(HNSWIndex, "load", lambda *given: made.append(given[0]) or load(*given))
    return made


def test_a_graph_is_not_read_before_it_is_searched_and_then_once(folder, loads):
    kb = KnowledgeBase.open(folder)
    assert loads == []
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: kb.search(ASKED, 1)[1], range(8)))
    assert all(rows.flatten().tolist() == [0, 1, 2] for rows in found)
    assert loads == [folder / GRAPH]


def test_a_damaged_graph_is_refused_when_it_is_searched(folder):
    contents = bytearray((folder / GRAPH).read_bytes())
    contents[-1] ^= 1
    (folder / GRAPH).write_bytes(contents)
    kb = KnowledgeBase.open(folder)
    with pytest.raises(ValueError, match=r"index\.hnsw: was changed after it was written"):
        kb.search(ASKED, 1)
    with pytest.raises(ValueError, match=r"index\.hnsw: was changed after it was written"):
        kb.verify()


@pytest.mark.skipif(os.name != "posix", reason="Windows lets no open file be replaced")
@pytest.mark.parametrize("encode", [encode, encode_long])
@pytest.mark.parametrize("then", ["replaced", "deleted"])
def test_who_has_it_open_searches_what_was_there_then(tmp_path, monkeypatch, encode, then):
    monkeypatch.setattr(sidecar, "SMALL", 0)
    kb = small_base(tmp_path / "kb", 30, encode, index="hnsw")
    folder = kb.folder
    if then == "deleted":
        shutil.rmtree(folder)
    else:
        others = list(reversed(some_passages(30)))
        build_knowledge_base(folder, others, encode, FINGERPRINT, index="hnsw", overwrite=True)
    assert kb.search(encode(some_passages(3)), 1)[1].flatten().tolist() == [0, 1, 2]
    kb.index.loaded().check_vectors(folder / GRAPH, kb.vectors, torch.tensor([5]))


def test_the_header_is_looked_at_when_it_is_opened(folder):
    size = (folder / GRAPH).stat().st_size
    (folder / GRAPH).write_bytes(bytes(size))
    with pytest.raises(ValueError, match=r"index\.hnsw: holds vectors of dimension 0, not 8"):
        KnowledgeBase.open(folder)
