"""Are made-up passages the same wherever they are asked for, and is every figure of a knowledge base of them there?"""

import json
from pathlib import Path

import pytest
import torch

from benchmarks import made_up, million

COUNT = 90
BENCHMARKS = Path(million.__file__).parent


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("million") / "kb"
    return folder, million.build(folder, COUNT, "hnsw")


def test_a_vector_is_that_of_its_row_in_any_batch():
    whole = made_up.vectors_of(range(40))
    passages = list(made_up.passages(40))
    assert torch.equal(made_up.encode(passages[7:30:5]), whole[7:30:5])
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(40))
    assert {len(passage.text.split()) for passage in passages} == {made_up.PER_TEXT}


def test_passages_of_one_document_are_nearer_than_others_and_a_question_is_nearest_to_its_own():
    vectors = made_up.vectors_of(range(800))
    near = vectors @ vectors.T
    same = torch.arange(800)[:, None] // made_up.PER_DOCUMENT == torch.arange(800) // made_up.PER_DOCUMENT
    assert near[same & ~torch.eye(800, dtype=torch.bool)].mean() > 0.4 > 0.1 > near[~same].mean()
    asked = made_up.questions(50, 800)
    cosines = torch.nn.functional.normalize(asked, dim=1) @ vectors.T
    assert 0.7 < cosines.max(dim=1).values.mean() < 0.85


def test_a_base_is_built_opened_and_searched_and_all_of_it_is_told(built, capsys):
    folder, building = built
    assert set(building["bytes"]) == {
        "knowledge_base.json",
        "passages.sqlite",
        "vectors.safetensors",
        "index.hnsw",
        "axes.safetensors",
    }
    assert list(building["seconds"]) == ["passages", "index of words", "vectors", "graph", "trials and checksums"]
    assert building["peak_memory"] > 1e8 and building["stored_recall_at_5"] > 0.9
    million.forget(folder)
    opened = million.opening(folder)
    assert opened["passages"] == COUNT and opened["seconds"] > 0
    exact = million.searched(folder, "exact", None)
    hnsw = million.searched(folder, "hnsw", exact["rows"])
    assert (exact["recall_at_5"], hnsw["recall_at_5"]) == (1.0, 1.0)
    measured = {"passages": COUNT, "building": building, "opening": {"first": opened}}
    table = million.markdown({**measured, "search": {"exact": exact, "hnsw": hnsw}})
    assert json.dumps(measured) and table.count("100.0 %") == 2 and "| hnsw |" in table


def test_a_share_is_of_what_exact_search_finds(built):
    folder, _ = built
    truth = million.searched(folder, "exact", None)["rows"]
    wrong = [[COUNT] * 5 if n % 2 else rows for n, rows in enumerate(truth)]
    assert million.searched(folder, "hnsw", wrong)["recall_at_5"] == 0.5


def test_the_page_shows_what_a_million_passages_took():
    """`make million` measured it."""
    measured = json.loads((BENCHMARKS / "results" / "million.json").read_text("utf-8"))
    assert measured["passages"] == 1_000_000
    assert million.markdown(measured) in (BENCHMARKS / "README.md").read_text("utf-8")
