"""The page says what tables.json says: the committed pages, too."""

import json
from pathlib import Path

import pytest

from minirag.experiments.report import as_json, numbers, page, settings, share

COMMITTED = sorted((Path(__file__).resolve().parents[2] / "docs" / "reproduction").glob("*/tables.json"))


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_a_committed_report_is_that_of_its_tables(path):
    contents = json.loads(path.read_text("utf-8"))
    assert as_json(contents) == path.read_text("utf-8")
    assert page(contents) == (path.parent / "report.md").read_text("utf-8")
    figures = {figure["file"] for table in contents["tables"] for figure in table["figures"]}
    assert {each.name for each in path.parent.glob("*.svg")} == figures


def test_a_number_stands_with_its_interval_each_seed_and_the_questions_it_is_about():
    measure = {"mean": 0.5, "low": 0.25, "high": 0.75, "n": 4, "each": [0.4, 0.6]}
    assert share(measure, 4) == "50.0 [25.0, 75.0] \\| 40.0 60.0"
    assert share(measure, 9) == "50.0 [25.0, 75.0] of 4 \\| 40.0 60.0" and share(None, 4) == "–"


def test_every_row_says_how_it_was_asked():
    row = {
        "row": "RAG-Token",
        "against": "BART",
        "setting": {"index": "swapped"},
        "settings": {"n_docs": 5, "num_beams": 4, "decoding": "beam", "index": "hnsw", "checkpoint": ["aa", "bb"]},
        "measures": {"f1": {"mean": 0.5, "low": 0.25, "high": 0.75, "n": 4, "each": [0.5]}},
        "difference": {"mean": -0.25, "low": -0.5, "high": 0.0, "n": 4},
        "trained_seconds": [10.0, 20.0],
        "asked_seconds": [2.0, 4.0],
    }
    closed = row | {"row": "BART", "setting": {"index": "own"}, "difference": None}
    closed["settings"] = row["settings"] | {"n_docs": None, "index": None}
    table = {"name": "table1", "measures": ["f1", "recall_at_1"], "rows": [closed, row]}
    head, _, first, last = numbers(table).splitlines()
    assert head == "| table1 | F1 | difference in F1 |"
    assert first.endswith(" | – |") and last.endswith("| -25.0 [-50.0, +0.0] to BART |")
    _, _, first, last = settings(table).splitlines()
    assert first == "| BART | 4 | none | 4 | beam | none | aa bb | 15 | 3 |"
    assert last == "| RAG-Token | 4 | 5 | 4 | beam | hnsw, swapped | aa bb | 15 | 3 |"
