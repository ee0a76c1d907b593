"""Every file of a knowledge base, changed in every way that happens: each is refused by name, opened or verified."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from minirag.retrieval import sidecar as sidecar_module
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.sidecar import FORMAT_VERSION, SIDECAR, facts_of, sha256_of_contents
from tests.retrieval.small_bases import FINGERPRINT, encode_long, small_base

FILES = ["knowledge_base.json", "passages.sqlite", "vectors.safetensors", "index.hnsw", "axes.safetensors"]
FIELDS = ["count", "dimension", "dtype", "fingerprint", "index", "files", "space", "format", "format_version", "sha256"]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return small_base(tmp_path_factory.mktemp("base") / "kb", 12, encode_long, index="hnsw").folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "kb")


def refusal(folder, fingerprint=None):
    """The one line that opening (or verifying what was opened) gives."""
    with pytest.raises(ValueError) as caught:
        KnowledgeBase.open(folder, fingerprint).verify()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewritten(folder, **changes):
    """Changes fields of the sidecar and makes its own sha256 fit: as other code, or a forger, would."""
    contents = json.loads((folder / SIDECAR).read_text())
    del contents["sha256"]
    contents |= changes
    (folder / SIDECAR).write_text(json.dumps(contents | {"sha256": sha256_of_contents(contents)}))


def refreshed(folder):
    """Makes the sidecar's sizes and sums fit the files as they are now."""
    names = [name for name in FILES if name != SIDECAR and (folder / name).exists()]
    rewritten(folder, files={name: facts_of(folder / name) for name in names})


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_a_changed_byte_is_refused(original, tmp_path_factory, name, data):
    folder = shutil.copytree(original, tmp_path_factory.mktemp("changed") / "kb")
    changed = bytearray((folder / name).read_bytes())
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))
    (folder / name).write_bytes(changed)
    if name == SIDECAR and same_meaning(bytes(changed), original):
        return
    assert name in refusal(folder)
    shutil.rmtree(folder)


def same_meaning(changed, original):
    """A space that became another space in JSON is no change."""
    try:
        return json.loads(changed) == json.loads((original / SIDECAR).read_text())
    except ValueError:
        return False


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_refused(folder, name, part):
    contents = (folder / name).read_bytes()
    (folder / name).write_bytes(contents[: int(len(contents) * part)])
    assert name in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_something_behind_it_is_refused(folder, name):
    with open(folder / name, "ab") as file:
        file.write(b"x")
    assert name in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()
    assert name in refusal(folder)


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.safetensors"])
def test_in_a_large_file_size_is_checked_on_opening_and_every_byte_by_verify(tmp_path, name, monkeypatch):
    folder = small_base(tmp_path / "kb", 12).folder
    monkeypatch.setattr(sidecar_module, "SMALL", 0)
    changed = bytearray((folder / name).read_bytes())
    changed[-1] ^= 1
    (folder / name).write_bytes(changed)
    KnowledgeBase.open(folder)
    assert f"{name}: was changed after it was written" in refusal(folder)
    (folder / name).write_bytes(changed[:-1])
    assert f"{name}: has {len(changed) - 1} bytes" in refusal(folder)


def test_a_graph_of_any_size_is_checked_before_hnswlib_reads_it(folder, monkeypatch):
    monkeypatch.setattr(sidecar_module, "SMALL", 0)
    changed = bytearray((folder / "index.hnsw").read_bytes())
    changed[-1] ^= 1
    (folder / "index.hnsw").write_bytes(changed)
    assert "index.hnsw: was changed after it was written" in refusal(folder)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, 1, 13, "other", [], {}])
def test_an_edited_field_of_the_sidecar_is_refused(folder, field, value):
    contents = json.loads((folder / SIDECAR).read_text())
    if contents[field] == value:
        return  # format_version is 1
    (folder / SIDECAR).write_text(json.dumps(contents | {field: value}))
    assert SIDECAR in refusal(folder)


@pytest.mark.parametrize("field", FIELDS[:-1])
def test_a_missing_field_of_the_sidecar_is_refused(folder, field):
    contents = json.loads((folder / SIDECAR).read_text())
    del contents[field]
    (folder / SIDECAR).write_text(json.dumps(contents))
    assert SIDECAR in refusal(folder)


@pytest.mark.parametrize(
    "changes",
    [{name: value} for name in ("count", "dimension") for value in (0, -1, 1.0, True, "12", None)]
    + [{"count": 13}, {"count": 11}, {"dimension": 9}, {"dtype": "float32"}, {"dtype": []}, {"fingerprint": 5}]
    + [{"space": "l2"}, {"index": {"kind": "exact"}}, {"index": {"kind": []}}, {"index": "hnsw"}, {"index": {}}]
    + [{"index": {"kind": "hnsw", "ef": 0}}, {"index": {"kind": "hnsw"}}, {"files": {}}, {"files": []}, {"more": 1}]
    + [{"stored_recall_at_5": value} for value in (None, 1, 1.5, -0.1, "all", float("nan"))]
    + [{"files": dict.fromkeys(FILES[1:], 5)}, {"files": {"../a": {}, "b": {}, "c": {}}}],
    ids=str,
)
def test_a_sidecar_that_makes_no_sense_is_refused_though_its_sum_is_right(folder, changes):
    rewritten(folder, **changes)
    assert refusal(folder).startswith(str(folder))


def test_an_unknown_format_version_is_said_to_be_one(folder):
    rewritten(folder, format_version=FORMAT_VERSION + 1)
    assert f"{SIDECAR}: format version 2 is unknown (this code reads 1)" in refusal(folder)


def test_another_encoders_knowledge_base_is_refused(folder):
    KnowledgeBase.open(folder, FINGERPRINT)
    assert "made by another context encoder" in refusal(folder, "some other encoder")
    assert SIDECAR in refusal(folder, "some other encoder")


def test_vectors_of_another_dimension_are_refused(folder):
    vectors = load_file(folder / "vectors.safetensors")["vectors"]
    save_file({"vectors": vectors[:, :4].contiguous()}, folder / "vectors.safetensors")
    refreshed(folder)
    assert "vectors.safetensors: has shape [12, 4], the sidecar says [12, 256]" in refusal(folder)


@pytest.mark.parametrize("row", [0, 11])
def test_vectors_that_are_not_finite_are_refused(folder, row):
    vectors = load_file(folder / "vectors.safetensors")["vectors"]
    vectors[row, 3] = float("nan")
    save_file({"vectors": vectors}, folder / "vectors.safetensors")
    refreshed(folder)
    assert f"vectors.safetensors: row {row} is not finite" in refusal(folder)


def test_a_scale_that_is_not_finite_is_refused(tmp_path):
    folder = small_base(tmp_path / "kb", 12, dtype="int8").folder
    tensors = {name: tensor.clone() for name, tensor in load_file(folder / "vectors.safetensors").items()}
    tensors["scales"][7] = float("inf")
    save_file(tensors, folder / "vectors.safetensors")
    refreshed(folder)
    assert "vectors.safetensors: row 7 is not finite" in refusal(folder)


def test_a_knowledge_base_from_before_says_nothing_of_its_recall_and_opens(folder):
    contents = json.loads((folder / SIDECAR).read_text())
    del contents["stored_recall_at_5"], contents["sha256"]
    (folder / SIDECAR).write_text(json.dumps(contents | {"sha256": sha256_of_contents(contents)}))
    assert KnowledgeBase.open(folder).sidecar.stored_recall_at_5 is None


def test_opening_looks_at_the_first_thousand_vectors_and_verify_at_all(tmp_path):
    folder = small_base(tmp_path / "kb", 1002).folder
    vectors = load_file(folder / "vectors.safetensors")["vectors"].clone()
    vectors[1001, 0] = float("nan")
    save_file({"vectors": vectors}, folder / "vectors.safetensors")
    refreshed(folder)
    KnowledgeBase.open(folder)
    assert "vectors.safetensors: row 1001 is not finite" in refusal(folder)


def test_a_graph_of_other_vectors_is_refused(folder, tmp_path):
    other = small_base(tmp_path / "other", 12, encode_long, index="hnsw", dtype="float32").folder
    shutil.copy(other / "index.hnsw", folder / "index.hnsw")
    refreshed(folder)
    assert "index.hnsw: was built from other vectors" in refusal(folder)


def test_a_graph_of_another_size_is_refused(folder, tmp_path):
    other = small_base(tmp_path / "other", 11, encode_long, index="hnsw").folder
    shutil.copy(other / "index.hnsw", folder / "index.hnsw")
    refreshed(folder)
    assert "index.hnsw: holds 11 vectors, not 12" in refusal(folder)


def test_passages_of_another_number_are_refused(folder, tmp_path):
    other = small_base(tmp_path / "other", 11).folder
    shutil.copy(other / "passages.sqlite", folder / "passages.sqlite")
    refreshed(folder)
    assert "passages.sqlite: holds 11 passages, the sidecar says 12" in refusal(folder)


@pytest.mark.parametrize("contents", [b"", b"{", b"[]", b"5", b"\xff\xfe", b"{}", b'{"format": "x"}', b"[" * 100_000])
def test_a_sidecar_that_is_something_else_is_refused(folder, contents):
    (folder / SIDECAR).write_bytes(contents)
    assert SIDECAR in refusal(folder)


def test_a_folder_that_is_no_knowledge_base_is_named(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "note.txt").write_text("hello")
    assert "photos: is not a knowledge base (it has no knowledge_base.json)" in refusal(tmp_path / "photos")
    assert "none: is not a knowledge base (no such folder)" in refusal(tmp_path / "none")
    assert "note.txt: is not a knowledge base (no such folder)" in refusal(tmp_path / "note.txt")


def test_vectors_are_not_read_on_opening_but_mapped(folder, monkeypatch):
    """What is written into the file afterwards is seen: nothing was copied."""
    monkeypatch.setattr(sidecar_module, "SMALL", 0)
    kb = KnowledgeBase.open(folder)
    with open(folder / "vectors.safetensors", "r+b") as file:
        file.seek(-2, 2)
        file.write(b"\0\0")
    assert kb.vectors[-1, -1] == 0
