import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval import building
from minirag.retrieval.building import encoded_batches
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.int8_vectors import as_int8
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from tests.retrieval.small_bases import FINGERPRINT, encode, small_base, some_passages, unit_vectors


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


KINDS = pytest.mark.parametrize("index", ["exact", "hnsw"])


@KINDS
@pytest.mark.parametrize(("dtype", "torch_dtype"), [("float16", torch.float16), ("float32", torch.float32)])
def test_what_was_built_is_what_is_opened(tmp_path, index, dtype, torch_dtype):
    small_base(tmp_path / "kb", 20, index=index, dtype=dtype)
    kb = KnowledgeBase.open(tmp_path / "kb", FINGERPRINT)
    assert list(kb.store) == some_passages(20)
    assert torch.equal(kb.vectors, encode(some_passages(20)).to(torch_dtype))
    assert (len(kb), kb.sidecar.dimension, kb.sidecar.dtype) == (20, 8, dtype)
    assert kb.sidecar.index["kind"] == index
    assert kb.verify() == sum((tmp_path / "kb" / name).stat().st_size for name in kb.sidecar.files)


@KINDS
def test_int8_vectors_are_opened_and_verified_as_others_are(tmp_path, index):
    small_base(tmp_path / "kb", 20, index=index, dtype="int8")
    kb = KnowledgeBase.open(tmp_path / "kb", FINGERPRINT)
    assert torch.equal(kb.vectors.float(), as_int8(encode(some_passages(20))).float())
    assert kb.sidecar.dtype == "int8"
    assert kb.verify() == sum((tmp_path / "kb" / name).stat().st_size for name in kb.sidecar.files)


@pytest.mark.parametrize(("dtype", "found"), [("float32", None), ("float16", 0.99), ("int8", 0.95)])
def test_the_sidecar_says_what_is_found_in_vectors_of_fewer_bits(tmp_path, dtype, found):
    kb = small_base(tmp_path / "kb", 60, dtype=dtype)
    if found is None:
        assert kb.sidecar.stored_recall_at_5 is None
    else:
        assert found <= kb.sidecar.stored_recall_at_5 <= 1.0


@pytest.mark.parametrize("dtype", ["float16", "int8"])
@KINDS
def test_every_passage_is_found_by_its_own_vector(tmp_path, index, dtype):
    kb = small_base(tmp_path / "kb", 60, index=index, dtype=dtype)
    scores, rows = kb.search(encode(some_passages(60)), 1)
    assert rows[:, 0].tolist() == list(range(60))
    assert kb.passages_of(rows) == [[passage] for passage in some_passages(60)]
    torch.testing.assert_close(scores, torch.ones(60, 1), atol=1e-2, rtol=0)


@KINDS
def test_more_than_there_are_is_as_many_as_there_are(tmp_path, index):
    scores, rows = small_base(tmp_path / "kb", 3, index=index).search(unit_vectors(2, 8), 50)
    assert scores.shape == rows.shape == (2, 3)


@KINDS
def test_the_same_passages_give_the_same_bytes(tmp_path, index):
    small_base(tmp_path / "one", 40, index=index, batch_size=3)
    small_base(tmp_path / "two", 40, index=index, batch_size=64)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_vectors_of_gives_the_stored_ones_in_float32(tmp_path):
    half, int8 = (small_base(tmp_path / dtype, 10, dtype=dtype) for dtype in ("float16", "int8"))
    rows = torch.tensor([[3, 3], [9, 0]])
    assert torch.equal(half.vectors_of(rows), encode(some_passages(10)).half().float()[rows])
    assert torch.equal(int8.vectors_of(rows), as_int8(encode(some_passages(10))).float()[rows])


def test_a_graph_is_chosen_for_large_bases_only(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "EXACT_UP_TO", 10)
    assert small_base(tmp_path / "small", 10).sidecar.index == {"kind": "exact"}
    large = small_base(tmp_path / "large", 11).sidecar.index
    assert large == {"kind": "hnsw", "M": 16, "ef_construction": 100, "seed": 0, "ef": 50, "recall_at_5": 1.0}


@pytest.mark.parametrize(("index", "total"), [("exact", 20), ("hnsw", 40)])
def test_progress_counts_up_to_the_total(tmp_path, index, total):
    seen, checked = [], []
    kb = small_base(tmp_path / "kb", 20, index=index, progress=lambda done, of: seen.append((done, of)))
    assert seen[:3] == [(7, total), (14, total), (20, total)]
    assert seen[-1] == (total, total)
    size = kb.verify(lambda done, of: checked.append((done, of)))
    assert checked[-1] == (size, size)


def test_one_thousand_passages_in_batches_of_another_size(tmp_path):
    kb = small_base(tmp_path / "kb", 1000, batch_size=333)
    assert kb.store.get([999]) == some_passages(1000)[-1:]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30), st.integers(1, 5))
def test_passages_of_like_length_are_encoded_together_and_come_back_in_their_order(lengths, batch_size):
    passages = [Passage(f"p{row}", "", "x" * length) for row, length in enumerate(lengths)]
    seen = []

    def encoder(batch):
        seen.extend(len(passage.text) for passage in batch)
        return encode(batch)

    done = []
    vectors = torch.cat(list(encoded_batches(passages, encoder, batch_size, done.append)))
    assert torch.equal(vectors, encode(passages))
    assert seen == sorted(lengths, reverse=True) and done[-1] == len(lengths) and done == sorted(done)


def test_vectors_of_two_dimensions_are_refused():
    def encoder(batch):
        return torch.ones(len(batch), 3 + len(batch))

    with pytest.raises(ValueError, match=r"encode gave vectors of dimensions \[4, 5\]"):
        list(encoded_batches(some_passages(3), encoder, 2, lambda done: None))


def bad_encode(vectors):
    return lambda passages: vectors[: len(passages)]


@pytest.mark.parametrize(
    ("passages", "encoder", "settings", "message"),
    [
        ([], encode, {}, "needs at least one passage"),
        ([*some_passages(3), *some_passages(2)], encode, {}, "passage id 'p0' occurs twice"),
        ([Passage("a", "\ud800", "")], encode, {}, "'a' .row 0.: not Unicode text"),
        (some_passages(3), bad_encode(torch.full((3, 2), float("nan"))), {}, "row 0 is not finite"),
        (some_passages(3), bad_encode(torch.full((3, 2), 1e6)), {}, "row 0 is too large for float16"),
        (some_passages(3), bad_encode(torch.ones(2, 4)), {}, r"shape \[2, 4\] for 3 passages"),
        (some_passages(3), bad_encode(torch.ones(3)), {}, r"shape \[1\] for 1 passages"),
        (some_passages(3), encode, {"dtype": "int4"}, "dtype='int4' is not one of"),
        (some_passages(3), encode, {"index": "faiss"}, "index='faiss' is not one of auto, exact, hnsw"),
        (some_passages(3), encode, {"batch_size": 0}, "batch_size=0 must be at least 1"),
    ],
)
def test_what_cannot_be_built_is_refused_and_leaves_nothing(tmp_path, passages, encoder, settings, message):
    with pytest.raises(ValueError, match=message):
        build_knowledge_base(tmp_path / "kb", passages, encoder, FINGERPRINT, **settings)
    assert names(tmp_path) == []


def test_an_interrupted_build_leaves_nothing(tmp_path):
    def interrupted(passages):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_knowledge_base(tmp_path / "kb", some_passages(3), interrupted, FINGERPRINT)
    assert names(tmp_path) == []


def test_encoding_is_done_without_gradient(tmp_path):
    weight = torch.ones(1, requires_grad=True)

    def encoder(passages):
        vectors = encode(passages) * weight
        assert not vectors.requires_grad
        return vectors

    build_knowledge_base(tmp_path / "kb", some_passages(3), encoder, FINGERPRINT)


def test_an_existing_knowledge_base_is_replaced_only_when_asked(tmp_path):
    small_base(tmp_path / "kb", 5)
    before = contents(tmp_path / "kb")
    with pytest.raises(ValueError, match="kb: is a knowledge base already"):
        small_base(tmp_path / "kb", 6)
    assert contents(tmp_path / "kb") == before
    assert len(small_base(tmp_path / "kb", 6, overwrite=True)) == 6
    assert not [name for name in names(tmp_path) if name.startswith(".")]


def test_a_failed_replacement_leaves_the_old_one(tmp_path):
    small_base(tmp_path / "kb", 5)
    with pytest.raises(ValueError, match="needs at least one passage"):
        build_knowledge_base(tmp_path / "kb", [], encode, FINGERPRINT, overwrite=True)
    assert len(KnowledgeBase.open(tmp_path / "kb")) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["kb"]


def test_one_that_is_open_can_be_replaced_and_stays_readable(tmp_path):
    old = small_base(tmp_path / "kb", 5)
    build_knowledge_base(tmp_path / "kb", list(old.store)[::-1], encode, FINGERPRINT, overwrite=True)
    assert list(old.store) == some_passages(5)
    assert torch.equal(old.vectors, encode(some_passages(5)).half())


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_files_of_others_are_never_replaced(tmp_path, overwrite):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"thesis: is not replaced, because it holds other files \('chapter.tex'\)"):
        small_base(tmp_path / "thesis", overwrite=overwrite)
    with pytest.raises(ValueError, match=r"chapter\.tex: exists and is not a folder"):
        small_base(tmp_path / "thesis" / "chapter.tex", overwrite=overwrite)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "passages.sqlite").write_text("not ours")
    with pytest.raises(ValueError, match="odd: is not a knowledge base"):
        small_base(tmp_path / "odd", overwrite=overwrite)
    assert names(tmp_path) == ["odd", "odd/passages.sqlite", "thesis", "thesis/chapter.tex"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "kb").mkdir()
    assert len(small_base(tmp_path / "kb", 4)) == 4


@KINDS
def test_a_copy_is_the_same_bytes(tmp_path, index):
    kb = small_base(tmp_path / "kb", 12, index=index)
    kb.save(tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(tmp_path / "kb")
    with pytest.raises(ValueError, match="is a knowledge base already"):
        kb.save(tmp_path / "copy")
    kb.save(tmp_path / "copy", overwrite=True)
    kb.save(tmp_path / "kb")  # onto itself: nothing to do
    assert names(tmp_path / "kb") == names(tmp_path / "copy")
