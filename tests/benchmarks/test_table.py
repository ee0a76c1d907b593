"""Is what was measured written, shown and read again? And is what cannot be asked for refused by name?"""

import json
from dataclasses import replace

import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.growth import Line
from benchmarks.job import Case, Job, same_numbers
from benchmarks.measure import Measured, Side
from benchmarks.selection import FULL, QUICK, USUAL, cases
from benchmarks.side_by_side import Ratio
from benchmarks.table import TABLE, cells, circumstances, read, sentence, write

SIDES = [Side("minirag", [1.0, 2.0, 4.0], 10**9, 0.5, 10**6), Side("transformers", [8.0, 8.0, 8.0], 3 * 10**9, 0.25)]
ROW = Measured("rag_token_beams", Case(), SIDES, Ratio(4.0, 2.0, 8.0), {"float32": 1e11})
LINE = Line("rag_token_beams", Case(), "passages", [1, 2], [4.0, 2.5])


def test_a_row_shows_ratio_range_seconds_operations_shares_and_memory():
    expected = ("rag_token_beams", "base", "2×5", "4.00", "2.00 to 8.00", "2 / 8", "1 / 3", "50 % / 25 %", "1 / –")
    assert cells(ROW) == expected


def test_a_number_that_the_sides_compute_stands_beside_the_job():
    found = [replace(side, result=share) for side, share in zip(SIDES, (0.991, 0.9934), strict=True)]
    assert cells(replace(ROW, sides=found))[0] == "rag_token_beams, 0.991 / 0.993"


def test_a_line_says_what_changes_and_how_many_answers_come():
    assert sentence(LINE) == "* rag_token_beams, base, answers a second by K: 1 → 4, 2 → 2.5"


def test_what_is_written_is_read_again_and_a_job_replaces_only_itself(tmp_path):
    around = circumstances("cpu")
    write(tmp_path, "one", [ROW], [], around)
    write(tmp_path, "two", [ROW], [LINE], around)
    write(tmp_path, "two", [], [LINE], around)
    assert read(tmp_path) == ([ROW], [LINE])
    assert json.loads((tmp_path / "one.json").read_text("utf-8"))["circumstances"]["versions"]["torch"]
    table = (tmp_path / TABLE).read_text("utf-8")
    assert table.count("| rag_token_beams |") == 1 and sentence(LINE) in table


def test_a_job_that_fixes_what_others_vary_has_each_case_once():
    greedy = Job("", {}, same_numbers, {"beams": 1, "questions": 3})
    assert [case.questions for case in cases(greedy, FULL, ["cpu"])] == [3] * len(FULL.sizes)
    assert len(cases(Job("", {}, same_numbers), FULL, ["cpu", "cuda"])) == 2 * 3 * 3


def test_the_smoke_test_searches_few_vectors():
    search = Job("", {}, same_numbers, {"rows": 100_000})
    assert [next(case.rows for case in cases(search, chosen, ["cpu"])) for chosen in (QUICK, USUAL)] == [2000, 100_000]


def test_what_is_asked_for_replaces_a_part_of_the_selection():
    assert command.selection([], [], quick=True, full=False, memory=True) == QUICK
    chosen = command.selection(["base"], [1, 4], quick=False, full=False, memory=False)
    assert (chosen.sizes, chosen.questions, chosen.with_memory) == (("base",), (1, 4), False)
    assert chosen.rows == USUAL.rows


@pytest.mark.parametrize("wrong", [["--jobs", "rag_tokens"], ["--sizes", "huge"], ["--quick", "--full"]], ids=" ".join)
def test_what_there_is_not_is_refused_by_name(wrong):
    app = Typer()
    app.command()(command.main)
    told = CliRunner().invoke(app, wrong)
    assert told.exit_code == 2 and wrong[-1].strip("-") in told.output
