"""The table of faults and the tests of this folder say the same. What a message says is compared in each test (conftest.py)."""

import re
from pathlib import Path

from tests.faults.table import PAGE, rows


def test_every_row_names_a_test_and_every_test_has_its_row():
    named = [row.test for row in rows()]
    assert len(named) == len(set(named))
    assert sorted(named) == sorted(names_of_this_folder())


def names_of_this_folder() -> list[str]:
    return [
        f"tests/faults/{file.name}::{name}"
        for file in Path(__file__).parent.glob("test_*.py")
        if file != Path(__file__)
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    ]


def test_every_line_of_the_table_is_read_as_a_row():
    table = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(lines) == 1 + len(rows())  # one is the header
    assert all(row.fault and row.messages for row in rows())
