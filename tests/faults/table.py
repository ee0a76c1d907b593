"""The table of docs/faults.md: what goes wrong, what minirag then prints, and the test that saw it print that."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"


@dataclass(frozen=True)
class Row:
    """`messages`: what the test is to see, each of it; `…` stands for anything, such as a number of bytes."""

    fault: str
    messages: tuple[str, ...]
    test: str


def rows() -> list[Row]:
    """Those whose last column names a test."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        columns = [column.strip() for column in line.strip().strip("|").split(" | ")]
        if len(columns) == 3 and (test := re.fullmatch(r"`(tests/faults/\w+\.py::\w+)`", columns[2])):
            found.append(Row(columns[0], tuple(re.findall(r"`([^`]+)`", columns[1])), test[1]))
    return found


def is_like(message: str, line: str) -> bool:
    """Is `line` the message of the table?"""
    return re.fullmatch(".+".join(map(re.escape, message.split("…"))), line) is not None
