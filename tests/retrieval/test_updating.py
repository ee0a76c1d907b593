"""A knowledge base that was changed finds what one finds that was built anew from the same documents."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.retrieval import hnsw_index
from minirag.retrieval.construction import build_knowledge_base, update_knowledge_base
from minirag.retrieval.int8_vectors import as_int8
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passage import Passage, Place
from tests.retrieval.small_bases import FINGERPRINT, encode

KINDS = pytest.mark.parametrize("index", ["exact", "hnsw"])


def file_of(name, *texts):
    """A passage for each text, with a vector that depends on the text alone."""
    return [Passage(f"{name}:{n}", "", text, (Place(name, line=n),)) for n, text in enumerate(texts, start=1)]


def by_text(passages, seen=None):
    if seen is not None:
        seen += [passage.text for passage in passages]
    return encode([Passage(passage.text, "", passage.text) for passage in passages])


def built(folder, passages, index, overwrite=False, dtype="float16"):
    return build_knowledge_base(
        folder, passages, by_text, FINGERPRINT, dtype, index, overwrite=overwrite, merge_duplicates=True
    )


def changed(folder, stale, passages, encoder=by_text, index="auto"):
    return update_knowledge_base(folder, lambda source: source in stale, passages, encoder, FINGERPRINT, index)


def texts_found(base, text, k):
    _, rows = base.search(by_text([Passage("q", "", text)]), k)
    return [passage.text for passage in base.passages_of(rows)[0]]


@pytest.mark.parametrize("dtype", ["float16", "int8"])
@KINDS
def test_vectors_of_fewer_bits_stay_as_they_are_stored(tmp_path, index, dtype):
    texts = [str(n) for n in range(60)]
    before = built(tmp_path / "kb", file_of("a", *texts) + file_of("b", "x", "y"), index, dtype=dtype)
    base, _ = changed(tmp_path / "kb", {"a"}, file_of("a", *texts[:3], *texts[5:], *map(str, range(70, 80))))
    stored = by_text(list(base.store))
    assert torch.equal(base.vectors.float(), (as_int8(stored) if dtype == "int8" else stored.half()).float())
    assert base.sidecar.stored_recall_at_5 == before.sidecar.stored_recall_at_5 > 0.9
    base.verify()


WORLDS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.lists(st.integers(0, 40).map(str), min_size=1, max_size=30), min_size=1
)


@KINDS
@settings(max_examples=15)
@given(WORLDS, WORLDS)
def test_what_is_found_is_what_a_new_one_finds(tmp_path_factory, index, before, now):
    folder = tmp_path_factory.mktemp("updating")
    built(folder / "kb", [p for name in sorted(before) for p in file_of(name, *before[name])], index)
    base, _ = changed(folder / "kb", set(now), [p for name in sorted(now) for p in file_of(name, *now[name])])
    base.verify()
    after = before | now
    anew = built(folder / "new", [p for name in sorted(after) for p in file_of(name, *after[name])], "exact")
    assert sorted(p.text for p in base.store) == sorted(p.text for p in anew.store)
    assert torch.equal(base.vectors, by_text(list(base.store)).half())
    k = min(5, len(anew))
    for text in sorted({t for texts in after.values() for t in texts}):
        assert texts_found(base, text, k) == texts_found(anew, text, k)


@KINDS
def test_only_what_is_new_is_encoded_and_readers_keep_what_they_opened(tmp_path, index):
    old = built(tmp_path / "kb", file_of("a", "one", "two", "three") + file_of("b", "four"), index)
    seen = []
    new, changes = changed(
        tmp_path / "kb", {"a"}, file_of("a", "zero", "one", "three"), lambda those: by_text(those, seen)
    )
    assert seen == ["zero"] and (changes.removed, len(new)) == (1, 4)
    assert [p.text for p in old.store] == ["one", "two", "three", "four"]
    assert texts_found(old, "two", 1) == ["two"] and texts_found(new, "zero", 1) == ["zero"]
    assert texts_found(KnowledgeBase.open(tmp_path / "kb"), "one", 1) == ["one"]


def test_a_graph_that_lost_some_can_get_more_and_lose_them_again(tmp_path):
    """Nodes of passages that are gone stay in the file as ways; rows are never given out twice."""
    many = [str(n) for n in range(80)]
    built(tmp_path / "kb", file_of("a", *many) + file_of("b", "x", "y", "z"), "hnsw")
    for texts, held in (((), 83), (("x",), 83), (("u", "v", "w", "x", "y"), 85), (("w",), 85)):
        base, _ = changed(tmp_path / "kb", {"b"}, file_of("b", *texts))
        base.verify()
        assert base.sidecar.index.get("held", len(base)) == held and len(base) == 80 + len(texts)
        assert all(texts_found(base, text, 1) == [text] for text in [*many, *texts])
        assert base.sidecar.index["recall_at_5"] == 1.0


def test_a_graph_is_built_anew_when_a_quarter_is_new(tmp_path, monkeypatch):
    built(tmp_path / "kb", file_of("a", *map(str, range(40))), "hnsw")
    calls = []
    monkeypatch.setattr(hnsw_index.HNSWIndex, "changed", lambda *those: calls.append(those))
    base, _ = changed(tmp_path / "kb", set(), file_of("b", *map(str, range(40, 60))))
    assert calls == [] and "held" not in base.sidecar.index


def test_an_exact_base_can_get_a_graph_and_lose_it(tmp_path):
    built(tmp_path / "kb", file_of("a", "one", "two"), "exact")
    base, _ = changed(tmp_path / "kb", set(), file_of("b", "three"), index="hnsw")
    assert base.sidecar.index["kind"] == "hnsw" and texts_found(base, "three", 1) == ["three"]
    base, _ = changed(tmp_path / "kb", set(), [], index="exact")
    assert base.sidecar.index == {"kind": "exact"} and not list((tmp_path / "kb").glob("*.hnsw"))


def test_what_cannot_be_is_refused_and_all_is_as_before(tmp_path):
    base = built(tmp_path / "kb", file_of("a", "one", "two"), "exact")
    before = {path.name: path.read_bytes() for path in (tmp_path / "kb").iterdir()}
    refused = [
        (({"a"}, []), {}, "needs at least one passage"),
        ((set(), file_of("b", "x")), {"fingerprint": "another"}, "made by another context encoder"),
        ((set(), file_of("b", "x")), {"encode": lambda those: torch.ones(len(those), 3)}, "vectors of dimension 3"),
        ((set(), [Passage("a:1", "", "other", (Place("b", line=7),))]), {}, "b:7: the passage id 'a:1' belongs to"),
    ]
    for (stale, passages), others, message in refused:
        fields = {"encode": by_text, "fingerprint": FINGERPRINT} | others
        with pytest.raises(ValueError, match=message):
            update_knowledge_base(tmp_path / "kb", lambda source, stale=stale: source in stale, passages, **fields)
        assert {path.name: path.read_bytes() for path in (tmp_path / "kb").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["kb"] and len(base) == 2
