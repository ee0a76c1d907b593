"""`make bench`, or `python -m benchmarks`: which jobs, at which sizes, and where the results go. See README.md."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import growth
from benchmarks.job import Case, Disagreement
from benchmarks.jobs import JOBS
from benchmarks.measure import measure
from benchmarks.selection import FULL, QUICK, USUAL, Selection, cases, devices
from benchmarks.sizes import SIZES, make_parts
from benchmarks.table import circumstances, sentence, shown, write

GROWTH = "growth"  # beside the jobs


def main(
    jobs: Annotated[str, typer.Option(help="Names with spaces between (default: all, and how cost grows).")] = "",
    sizes: Annotated[str, typer.Option(help="tiny, base, large.")] = "",
    questions: Annotated[str, typer.Option(help="Numbers with spaces between.")] = "",
    quick: Annotated[bool, typer.Option(help="A smoke test: two minutes, nothing to conclude from.")] = False,
    full: Annotated[bool, typer.Option(help="Every size with 1, 4 and 16 questions: hours.")] = False,
    memory: Annotated[bool, typer.Option(help="Measure it, in processes of their own.")] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where JSON and table go (default: nowhere).")
    ] = None,
) -> None:
    """minirag beside transformers, A B A B, on the same weights and inputs."""
    chosen = selection(sizes.split(), [int(number) for number in questions.split()], quick, full, memory)
    names = known("job", jobs.split() or [*JOBS, GROWTH], [*JOBS, GROWTH])
    console = Console(markup=False, highlight=False)
    failed = [name for name in names if not (one_job if name != GROWTH else all_growth)(name, chosen, out, console)]
    if failed:
        raise typer.Exit(1)


def selection(sizes: list[str], questions: list[int], quick: bool, full: bool, memory: bool) -> Selection:
    """What is said replaces a part of what was chosen."""
    if quick and full:
        raise typer.BadParameter("--quick and --full: give one of them")
    chosen = QUICK if quick else FULL if full else USUAL
    said = {"sizes": tuple(known("size", sizes, list(SIZES))), "questions": tuple(questions)}
    chosen = replace(chosen, **{name: values for name, values in said.items() if values})
    return replace(chosen, with_memory=chosen.with_memory and memory)


def known(what: str, given: list[str], names: list[str]) -> list[str]:
    for name in given:
        if name not in names:
            raise typer.BadParameter(f"there is no {what} {name!r}: {', '.join(names)}")
    return given


def one_job(name: str, chosen: Selection, out: Path | None, console: Console) -> bool:
    """False where the sides disagree: that is said, and nothing was timed."""
    rows, agreed = [], True
    for case in cases(JOBS[name], chosen, devices()):
        make_parts(case.size)
        around = circumstances(case.device)
        try:
            row = measure(name, JOBS[name], case, chosen.rounds, chosen.enough, chosen.with_memory, chosen.least)
        except Disagreement as reason:
            console.print(f"{name}, {case.size}, {case.questions} questions: {reason}")
            agreed = False
            continue
        rows.append(row)
        console.print(shown(row), soft_wrap=True)
        if out is not None:
            write(out, name, rows, [], around)
    return agreed


def all_growth(name: str, chosen: Selection, out: Path | None, console: Console) -> bool:
    lines = []
    for device in devices():
        around = circumstances(device)
        for job, axes in growth.AXES.items():
            case = Case(chosen.sizes[-1], tokens=chosen.tokens, rows=chosen.rows, device=device)
            case = replace(case, **(JOBS[job].settings or {}))
            for axis, values in axes.items():
                lines.append(growth.line(job, JOBS[job], case, axis, values[:2] if chosen.rounds < 3 else values))
                console.print(sentence(lines[-1]), soft_wrap=True)
                if out is not None:
                    write(out, name, [], lines, around)
    return True


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
