"""How is it shown and kept? A table for people, and JSON beside it with versions, hardware and how busy the machine was.

One file for each job, so that a job can be measured again alone; the table is made of all files that are there.
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks.growth import LETTERS, Line
from benchmarks.job import Case
from benchmarks.measure import Measured, Side
from benchmarks.side_by_side import Ratio
from minirag.training.machine import machine

HEADINGS = ("job", "size", "B×K", "ratio", "lowest to highest", "seconds", "GFLOP", "share of peak", "MB above")
PACKAGES = ("torch", "transformers", "faiss-cpu")
TABLE = "table.md"


def cells(measured: Measured) -> tuple[str, ...]:
    """A row; where there are two sides, theirs behind a slash."""
    case, ratio = measured.case, measured.ratio
    sides = [measured.sides[0], *measured.sides[1:][-1:]]
    return (
        measured.job + results(sides),
        case.size if case.device == "cpu" else f"{case.size}, {case.device}",
        f"{case.questions}×{case.passages}",
        "–" if ratio is None else f"{ratio.median:.2f}",
        "–" if ratio is None else f"{ratio.low:.2f} to {ratio.high:.2f}",
        " / ".join(f"{side.median:.3g}" for side in sides),
        " / ".join(f"{side.operations / 1e9:.3g}" for side in sides),
        " / ".join(f"{100 * side.share_of_peak:.0f} %" for side in sides),
        " / ".join("–" if side.memory_above is None else f"{side.memory_above / 1e6:.0f}" for side in sides),
    )


def results(sides: Sequence[Side]) -> str:
    """`, 0.991 / 0.993`, where the sides compute one number each."""
    numbers = [f"{side.result:.3f}" for side in sides if side.result is not None]
    return f", {' / '.join(numbers)}" if numbers else ""


def shown(measured: Measured) -> str:
    """The same for the terminal, as soon as it is known."""
    widths = (28, 12, 5, 6, 16, 15, 15, 15, 0)
    return "  ".join(cell.ljust(width) for cell, width in zip(cells(measured), widths, strict=True)).rstrip()


def markdown(rows: Sequence[Measured], lines: Sequence[Line]) -> str:
    """The same for a page, and how cost grows below."""
    head = [f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    return "\n".join([*head, *(f"| {' | '.join(cells(row))} |" for row in rows), "", *map(sentence, lines)]) + "\n"


def sentence(line: Line) -> str:
    """`* rag_token_beams, base, answers a second by K: 1 → 0.9, 2 → 0.8`"""
    points = ", ".join(f"{v} → {rate:.3g}" for v, rate in zip(line.values, line.answers_per_second, strict=True))
    return f"* {line.job}, {line.case.size}, answers a second by {LETTERS[line.axis]}: {points}"


def circumstances(device: str) -> dict[str, Any]:
    """Without these a number means nothing. Load: processes that wanted a core in the minute before."""
    return {
        "machine": machine(torch.device(device)),
        "python": platform.python_version(),
        "versions": {name: installed(name) for name in PACKAGES},
        "load": round(os.getloadavg()[0], 1),
    }


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def write(folder: Path, name: str, rows: Sequence[Measured], lines: Sequence[Line], around: dict[str, Any]) -> None:
    """`folder`/`name`.json, and the table of everything that lies there."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"circumstances": around, "rows": [asdict(row) for row in rows], "growth": [asdict(line) for line in lines]}
    (folder / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    (folder / TABLE).write_text(markdown(*read(folder)), "utf-8")


def read(folder: Path) -> tuple[list[Measured], list[Line]]:
    """Everything that was measured, job by job."""
    rows: list[Measured] = []
    lines: list[Line] = []
    for path in sorted(folder.glob("*.json")):
        kept = json.loads(path.read_text("utf-8"))
        rows += [measured(row) for row in kept["rows"]]
        lines += [Line(**{**line, "case": Case(**line["case"])}) for line in kept["growth"]]
    return rows, lines


def measured(row: dict[str, Any]) -> Measured:
    ratio = None if row["ratio"] is None else Ratio(**row["ratio"])
    return Measured(row["job"], Case(**row["case"]), [Side(**side) for side in row["sides"]], ratio, row["peaks"])
