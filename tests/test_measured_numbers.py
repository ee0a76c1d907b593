"""Are the tables of the README those of the results that are committed? Each is drawn again from its JSON.

`minirag evaluate --json` and `minirag recall --json` printed benchmarks/results/ (without the rows of single questions); the
runs themselves take minutes to an hour.
"""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import on_paper
from benchmarks.table import markdown, read
from minirag.cli.recall import recall_table
from minirag.cli.report_table import report_table
from minirag.evaluation.recall import RecallReport
from minirag.evaluation.report import report_from_object

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")


def results(name: str) -> list[dict]:
    return json.loads((REPOSITORY / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))


def evaluation_table():
    return report_table([(result["setting"], report_from_object(result)) for result in results("evaluate")])


def retrieval_table():
    reports = results("recall")
    return recall_table(
        [RecallReport(**{**each, "top": {int(k): v for k, v in each["top"].items()}}) for each in reports]
    )


def printed(table) -> list[str]:
    console = Console(width=80, record=True, file=StringIO())
    console.print(table)
    return [line.rstrip() for line in console.export_text().splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("first_line", "table"),
    [("$ minirag evaluate", evaluation_table), ("gold passage in the", retrieval_table)],
)
def test_the_readme_shows_what_was_measured(first_line, table):
    blocks = re.findall(r"^```console\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    (shown,) = [block for block in blocks if block.startswith(first_line)]
    lines = [line.rstrip() for line in shown.splitlines() if line.strip() and not line.startswith("$ ")]
    assert lines == printed(table())


def test_the_readme_shows_what_is_found_in_vectors_of_fewer_bits():
    """`minirag recall --index exact --json`, over three knowledge bases of the same vectors, 384 numbers each."""
    names = {"float32": "float32", "float16": "float16, the default", "int8": "int8"}
    width = {"float32": 4 * 384, "float16": 2 * 384, "int8": 384 + 4}
    for report in results("recall_stored"):
        size = f"{report['passages'] * width[report['dtype']] / 1e6:.0f} MB"
        shares = " | ".join(f"{100 * report['top'][k]:.1f} %" for k in ("1", "5", "20", "100"))
        assert f"\n| {names[report['dtype']]} | {size} | {shares} |\n" in README


def test_the_readme_shows_what_the_trained_retrievers_found():
    trained = json.loads((REPOSITORY / "benchmarks" / "results" / "training.json").read_text("utf-8"))["dpr"]
    for run in trained:
        shares = " | ".join(f"{100 * run['recall'][k]:.1f} %" for k in ("1", "5", "20", "100"))
        assert f"\n| {run['start']} | {shares} | {run['minutes']:.0f} |\n" in README


def test_the_readme_shows_what_a_training_step_holds():
    measured = json.loads((REPOSITORY / "benchmarks" / "results" / "training_memory.json").read_text("utf-8"))["bytes"]
    beyond = {(m["library"], m["recompute"], m["width"]): m["beyond"] for m in measured if is_plain_token(m)}
    cases = [
        ("minirag", True, 200),
        ("minirag", False, 200),
        ("transformers", False, 200),
        ("transformers", False, 300),
    ]
    so, without, theirs, padded = (f"{beyond[case] / 1e9:.2f} GB" for case in cases)
    words = f"{so} so, {without} without, {theirs} in transformers, {padded} with the padding"
    assert words in " ".join(README.split())


def test_the_readme_shows_what_a_batch_of_128_questions_holds_with_gradient_caching():
    results = json.loads((REPOSITORY / "benchmarks" / "results" / "gradient_cache_memory.json").read_text("utf-8"))
    (whole,) = [row for row in results["bytes"] if row["questions"] == 128]
    (line,) = results["projected"]
    assert whole["peak"] < 4e9 and whole["chunk"] == 8
    words = f"{whole['peak'] / 1e9:.1f} GB with eight passages at a time, {whole['own'] / 1e9:.1f} GB of it weights"
    assert words in " ".join(README.split())
    assert f"{line['projected_peak'] / 1e9:.0f} GB at once, by the line" in " ".join(README.split())


def is_plain_token(measured: dict) -> bool:
    return measured["likelihood"] == "token" and measured["smoothing"] == 0.0


def test_the_readme_shows_what_the_benchmark_wrote():
    table = (REPOSITORY / "benchmarks" / "results" / "speed" / "table.md").read_text("utf-8").splitlines()
    section = README.split("\n## How fast\n")[1].split("\n## ")[0]
    shown = [line for line in section.splitlines() if line.startswith("|")]
    assert len(shown) > 15 and [line for line in shown if line not in table] == []


def test_the_table_is_that_of_the_files_beside_it():
    folder = REPOSITORY / "benchmarks" / "results" / "speed"
    assert markdown(*read(folder)) == (folder / "table.md").read_text("utf-8")


def test_the_readme_shows_what_21_million_passages_would_take():
    assert "\n".join(on_paper.lines()) in README
