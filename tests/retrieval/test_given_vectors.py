from dataclasses import replace

import pytest
import torch

from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.passage import Passage, Place
from tests.retrieval.small_bases import FINGERPRINT, encode, some_passages


def with_vectors(passages, vectors, source="f.parquet"):
    return [
        replace(passage, places=(Place(source, line=row),), vector=vector)
        for row, (passage, vector) in enumerate(zip(passages, vectors, strict=True), start=1)
    ]


def build(folder, passages, encoder=encode, **settings):
    return build_knowledge_base(folder / "kb", passages, encoder, FINGERPRINT, batch_size=4, **settings)


def test_given_vectors_are_stored_and_only_some_are_computed(tmp_path):
    encoded = []

    def encoder(passages):
        encoded.extend(passage.places[0].line for passage in passages)
        return encode(passages)

    passages = some_passages(20)
    given = encode(passages) + 0.01
    kb = build(tmp_path, with_vectors(passages, given), encoder, dtype="float32")
    assert torch.equal(kb.vectors, given)
    assert encoded[:1] == [1] and sorted(encoded[1:]) == [1, 2, 4, 8, 16]  # the first one tells the dimension
    assert sorted(path.name for path in kb.folder.iterdir()) == [
        "knowledge_base.json",
        "passages.sqlite",
        "vectors.safetensors",
    ]


def test_passages_with_and_without_vectors_go_together(tmp_path):
    passages = some_passages(9)
    mixed = [*passages[:4], *with_vectors(passages[4:8], encode(passages[4:8])), passages[8]]
    assert torch.equal(build(tmp_path, mixed, dtype="float32").vectors, encode(passages))


def test_the_vector_of_a_duplicate_is_that_of_the_first(tmp_path):
    (passage,) = some_passages(1)
    twice = with_vectors([passage, passage], encode([passage, passage]))
    assert torch.equal(build(tmp_path, twice, dtype="float32", merge_duplicates=True).vectors, encode([passage]))


OTHER = torch.nn.functional.normalize(torch.ones(1, 8), dim=-1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda vectors: vectors.roll(1, 0), r"f\.parquet:1: its vector was not made by this context encoder"),
        (
            lambda vectors: torch.cat([vectors[:7], OTHER, vectors[8:]]),
            r"f\.parquet:8: its vector was not made by this",
        ),
        (lambda vectors: vectors * 3, r"f\.parquet:1: .* \(off by 200% of its length, cosine 1\.00\)"),
        (
            lambda vectors: vectors[:, :4],
            r"f\.parquet:1: its vector has dimension 4, those of this context encoder have 8",
        ),
        (lambda vectors: vectors * float("nan"), r"f\.parquet:1: its vector was not made by"),
    ],
    ids=["another passage's", "in the middle", "another length", "another dimension", "NaN"],
)
def test_vectors_of_another_encoder_are_refused_by_their_place_and_nothing_is_left(tmp_path, change, message):
    passages = some_passages(9)
    with pytest.raises(ValueError, match=message):
        build(tmp_path, with_vectors(passages, change(encode(passages))))
    assert list(tmp_path.iterdir()) == []


def test_every_file_is_tried_from_its_beginning(tmp_path):
    passages = some_passages(9)
    good = with_vectors(passages[:6], encode(passages[:6]), "good.parquet")
    bad = with_vectors(passages[6:], encode(passages[6:]).flip(0), "bad.parquet")
    with pytest.raises(ValueError, match=r"bad\.parquet:1: its vector was not made by"):
        build(tmp_path, [*good, *bad])


def test_every_file_of_vectors_alone_is_tried_from_its_beginning(tmp_path):
    """Texts from one file, vectors from two: the 7th is the first of the second one, and no power of two."""
    passages = some_passages(9)
    vectors = torch.cat([encode(passages[:6]), encode(passages[6:]).flip(0)])
    sources = ["good.pkl"] * 6 + ["bad.pkl"] * 3
    given = with_vectors(passages, vectors, "texts.tsv")
    from_two = [replace(passage, vector_source=source) for passage, source in zip(given, sources, strict=True)]
    with pytest.raises(ValueError, match=r"texts\.tsv:7: its vector was not made by"):
        build(tmp_path, from_two)


def test_float16_is_near_enough(tmp_path):
    passages = some_passages(9)
    build(tmp_path, with_vectors(passages, encode(passages).half()))


def test_equality_of_passages_does_not_ask_for_vectors():
    assert Passage("a", "b", "c", vector=torch.ones(2)) == Passage("a", "b", "c")
