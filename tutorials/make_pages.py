"""How does a tutorial become a page that shows what its code prints and draws?

    make pages                       the pages whose tutorials were changed
    make pages NAMES=02_batching     these, changed or not (names with spaces between them, or `all`)
    make pages CHECK=1               run all (or NAMES) again and say what differs; nothing is written

Tests     tests/tutorials/test_make_pages.py

The tutorial runs in a fresh kernel of this Python, in the repository's root, and its page shows what came out: pages/NN_name.md
and figures pages/NN_name_1.svg, …. A cell may print, and may end with a matplotlib figure; a warning is an error.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

from tutorials.compare_pages import figures, folder_differences, leftovers, page_differences
from tutorials.page_text import contents, inputs, page_files, read_tutorial, tutorials

REPOSITORY = Path(__file__).resolve().parents[1]
SET_UP = "from tutorials.figure_display import show_figures_as_svg as _show; _show(); del _show"
SECONDS = 120  # for one cell: four times what a whole tutorial may take


def main(arguments: list[str], folder: Path = REPOSITORY / "tutorials") -> int:
    parser = argparse.ArgumentParser(prog="make_pages", description="tutorials/NN_name.py → tutorials/pages/NN_name.md")
    parser.add_argument("names", nargs="*", help="02_batching, …, or all; without names: those that were changed")
    parser.add_argument("--check", action="store_true", help="compare with the pages that are there; write nothing")
    options = parser.parse_args(arguments)
    try:
        return check(folder, options.names or ["all"]) if options.check else build(folder, options.names)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1


def build(folder: Path, names: list[str]) -> int:
    """Run and write the pages of `names`, or those that are not up to date; take away what no tutorial asks for."""
    pages = folder / "pages"
    pages.mkdir(exist_ok=True)
    for path in named(folder, names) if names else filter(is_changed, tutorials(folder)):
        print(f"tutorials/{path.name}", flush=True)
        for name, text in made(path).items():
            (pages / name).write_text(text, encoding="utf-8")
    (pages / "README.md").write_text(contents(folder), encoding="utf-8")
    for path in leftovers(folder):
        path.unlink()
    return 0


def check(folder: Path, names: list[str]) -> int:
    """1 where a page is not what its tutorial gives, with one line for each difference."""
    found = [*folder_differences(folder), *(line for path in named(folder, names) for line in changes(path))]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def named(folder: Path, names: list[str]) -> list[Path]:
    """The tutorials called 02_batching, 02_batching.py or tutorials/02_batching.py; all of them for `all`."""
    known = {path.stem: path for path in tutorials(folder)}
    stems = [Path(name).stem for name in names]
    unknown = [stem for stem in stems if stem not in {*known, "all"}]
    if unknown:
        raise ValueError(f"no tutorial is called {unknown[0]!r}; there are {', '.join(known) or 'none'}")
    return list(known.values()) if "all" in stems else [known[stem] for stem in stems]


def is_changed(path: Path) -> bool:
    """Is the page's code or prose another one than the source's? What it would print is not known without running it."""
    page = path.parent / "pages" / f"{path.stem}.md"
    text = page.read_text("utf-8") if page.exists() else ""
    complete = all((page.parent / figure).exists() for figure in figures(text))
    return not complete or inputs(text) != page_files(path, read_tutorial(path))[page.name]


def changes(path: Path) -> Iterator[str]:
    page = path.parent / "pages" / f"{path.stem}.md"
    old = page.read_text("utf-8") if page.exists() else ""
    return page_differences(page.name, old, made(path)[page.name])


def made(path: Path) -> dict[str, str]:
    """Run a tutorial: file name → text of its page and figures."""
    notebook = read_tutorial(path)
    run(notebook)
    return page_files(path, notebook)


def run(notebook: nbformat.NotebookNode) -> None:
    """Every cell in turn in a fresh kernel; what comes out lands in the notebook. The user's own settings stay out."""
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SET_UP))
    client = NotebookClient(notebook, kernel_name="python3", timeout=SECONDS, allow_errors=True, coalesce_streams=True)
    manager = client.create_kernel_manager()
    manager.kernel_spec.argv[0] = sys.executable  # whatever else is installed under the name python3
    with TemporaryDirectory() as settings:
        manager.transport, manager.connection_file = "ipc", f"{settings}/kernel.json"  # no open ports
        environment = {**os.environ, "IPYTHONDIR": settings, "MPLBACKEND": "agg"}
        client.execute(cwd=str(REPOSITORY), env=environment)
    del notebook.cells[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
