"""No passage, one, fewer than are asked for, and 100,000 that say the same."""

import json

import pytest
import torch

from minirag.cli import run
from minirag.retrieval import building
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.passages import Passage

MANY = 100_000


def found(fault, kb: str, *options: object) -> list[dict]:
    assert run(["search", "Who?", "--kb", kb, "--model", "model", *map(str, options), "--json"]) == 0
    return json.loads(fault.capsys.readouterr().out)["passages"]


def test_there_are_no_passages(fault, tmp_path):
    (tmp_path / "empty.csv").write_text("title,text\n")
    (tmp_path / "nothing").mkdir()
    with fault.changing_nothing():
        for path in ("empty.csv", "nothing"):
            fault.refuses("index", path, "--out", "kb", "--model", "model", "--overwrite")
            fault.refuses("index", path, "--out", "new", "--model", "model")
        with pytest.raises(ValueError) as caught:
            build_knowledge_base("kb", [], lambda passages: torch.ones(0, 16), "f", overwrite=True)
        fault.says(str(caught.value))


def test_there_is_one_passage(fault, tmp_path):
    (tmp_path / "one.txt").write_text("The lighthouse stands.")
    for kind in ("exact", "hnsw"):
        fault.answers("index", "one.txt", "--out", f"one_{kind}", "--model", "model", "--index", kind)
        with fault.changing_nothing():
            for index in (kind, "hybrid"):
                (passage,) = found(fault, f"one_{kind}", "--index", index)
                assert passage["text"] == "The lighthouse stands."
            assert run(["verify", f"one_{kind}"]) == 0


def test_more_passages_are_asked_for_than_there_are(fault):
    with fault.changing_nothing():
        for kb in ("kb", "hnsw"):
            assert run(["ask", "Who?", "--kb", kb, "--model", "model", "--n-docs", "99", "--num-beams", "1"]) == 0
            fault.capsys.readouterr()
            passages = found(fault, kb, "-k", 99)
            assert {passage["title"] for passage in passages} == {"Mongolia", "Malta", "Peru"}
            fault.says(f"{len(passages)} passages")


def test_a_hundred_thousand_passages_are_identical(fault, tmp_path, monkeypatch):
    """`minirag index` keeps one of them. Where nothing is merged, search is exact, or it is said why there is no graph."""
    (tmp_path / "same.csv").write_text("title,text\n" + "Peru,Its capital is Lima.\n" * MANY)
    with fault.changing_nothing(but="same"):
        fault.answers("index", "same.csv", "--out", "same", "--model", "model", "--index", "hnsw")
    same = [Passage(str(n), "", "") for n in range(MANY)]
    with fault.changing_nothing(), pytest.raises(ValueError) as caught:
        build_knowledge_base("kb", same, all_alike, "f", index="hnsw", overwrite=True)
    fault.says(str(caught.value))
    monkeypatch.setattr(building, "EXACT_UP_TO", 10)
    base = build_knowledge_base("auto", [*same[:200], Passage("other", "", "")], all_alike, "f")
    assert base.sidecar.index == {"kind": "exact"}
    assert base.search(torch.tensor([[1.0, -1.0]]), 1)[1].tolist() == [[200]]


def all_alike(passages) -> torch.Tensor:
    return torch.tensor([[1.0, 0.0] if passage.id == "other" else [1.0, 1.0] for passage in passages])
