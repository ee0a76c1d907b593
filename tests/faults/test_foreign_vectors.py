"""Vectors that do not belong here: another encoder's, of another dimension, or no numbers at all."""

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
import torch

from minirag.retrieval import sidecar
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.knowledge_base import KnowledgeBase
from tests.retrieval.small_bases import some_passages
from tests.tiny_folder import write_tiny_folder

INTO = ["--out", "kb", "--model", "model", "--overwrite"]


def write_vectors(vectors: list[list[float]]) -> None:
    rows = [{"title": "a", "text": f"text {n}", "embeddings": vector} for n, vector in enumerate(vectors)]
    parquet.write_table(arrow.Table.from_pylist(rows), "vectors.parquet")


def test_another_encoder_made_the_vectors(fault, tmp_path_factory):
    write_vectors([[1.0] * 16])
    other = write_tiny_folder(tmp_path_factory.mktemp("other") / "model", seed=1)
    with fault.changing_nothing():
        fault.refuses("ask", "Who?", "--kb", "kb", "--model", other)
        fault.refuses("search", "Who?", "--kb", "kb", "--model", other)
        fault.refuses("index", "vectors.parquet", *INTO)


def test_the_vectors_have_another_dimension(fault):
    write_vectors([[1.0] * 3])
    with fault.changing_nothing():
        fault.refuses("index", "vectors.parquet", *INTO)
        for kb in ("kb", "hnsw"):
            with pytest.raises(ValueError) as caught:
                KnowledgeBase.open(kb).search(torch.ones(1, 3), 1)
            fault.says(str(caught.value))


def test_vectors_are_nan_or_infinite(fault, monkeypatch):
    monkeypatch.setattr(sidecar, "SMALL", 0)  # of larger files the bytes are not compared on opening
    for number in (float("nan"), float("inf")):
        write_vectors([[1.0] * 16, [number] * 16])
        with fault.changing_nothing():
            fault.refuses("index", "vectors.parquet", *INTO)
    with fault.changing_nothing():
        for number in (float("nan"), 1e6):
            refuses_to_build(fault, number)
        for kb in ("kb", "hnsw"):
            with pytest.raises(ValueError) as caught:
                KnowledgeBase.open(kb).search(torch.full((1, 16), float("nan")), 1)
            fault.says(str(caught.value))
    damage_a_number("kb/vectors.safetensors")
    with fault.changing_nothing():
        fault.refuses("search", "Who?", "--kb", "kb", "--model", "model")


def refuses_to_build(fault, number: float) -> None:
    def encode(passages):
        return torch.tensor([[number if passage.id == "p1" else 1.0] * 16 for passage in passages])

    with pytest.raises(ValueError) as caught:
        build_knowledge_base("kb", some_passages(3), encode, "f", overwrite=True)
    fault.says(str(caught.value))


def damage_a_number(path: str) -> None:
    """The last number becomes NaN in float16."""
    with open(path, "r+b") as file:
        file.seek(-2, 2)
        file.write(b"\xff\x7f")
