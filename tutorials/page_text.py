"""What does a page say? Prose as it is, code in fences, and below each cell what it printed and drew.

Tests     tests/tutorials/test_make_pages.py

A tutorial is a Python file in percent format: `# %% [markdown]` opens prose, `# %%` opens code. Its page is made of
blocks with an empty line between them. Blocks that came out of running it can be told from the others: a fence marked
`text`, or a figure on a line of its own.
"""

import re
from pathlib import Path

import jupytext
from nbformat import NotebookNode

SVG = "image/svg+xml"
OUTPUT = re.compile(r"\n\n(?:```text\n.*?\n```|!\[[^\n]*\]\([\w.]+\.svg\))(?=\n)", re.DOTALL)


def tutorials(folder: Path) -> list[Path]:
    """The tutorials of a folder in their order: 00_name.py, 01_name.py, …"""
    return sorted(folder.glob("[0-9][0-9]_*.py"))


def read_tutorial(path: Path) -> NotebookNode:
    """Percent format → notebook, not run. ValueError where its first cell is no prose with a heading."""
    notebook = jupytext.read(path, fmt="py:percent")
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        raise ValueError(f"tutorials/{path.name}: the first cell is to be `# %% [markdown]` and a heading `# # …`")
    return notebook


def title(path: Path) -> str:
    return read_tutorial(path).cells[0].source.splitlines()[0].removeprefix("# ")


def inputs(page: str) -> str:
    """A page without what its cells printed and drew: what can be told from the source alone."""
    return OUTPUT.sub("", page)


def page_files(path: Path, notebook: NotebookNode) -> dict[str, str]:
    """File name → its text: the page of one tutorial, and its figures where the notebook was run."""
    heading, _, prose = notebook.cells[0].source.partition("\n")
    blocks = [heading, *head(path), linked_modules(prose.strip())]
    figures: dict[str, str] = {}
    for number, cell in enumerate(notebook.cells[1:], start=2):
        where = f"tutorials/{path.name}, cell {number}"
        blocks += prose_blocks(cell, where) if cell.cell_type == "markdown" else [f"```python\n{cell.source}\n```"]
        for output in cell.get("outputs", []):
            figure = f"{path.stem}_{len(figures) + 1}.svg"
            blocks.append(output_block(output, figure, where))
            if output.output_type == "execute_result":
                figures[figure] = output.data[SVG]
    return {f"{path.stem}.md": "\n\n".join([*blocks, *foot(path)]) + "\n", **figures}


def head(path: Path) -> list[str]:
    source = f"tutorials/{path.name}"
    run = f"`python {source}` prints the same numbers"
    return [f"*This page is made by `make pages` from [{source}](../{path.name}); {run}.*", neighbours(path)]


def foot(path: Path) -> list[str]:
    solutions = path.parent / "solutions" / path.name
    link = f"Solutions: [tutorials/solutions/{path.name}](../solutions/{path.name})"
    return ["---", *([link] if solutions.exists() else []), neighbours(path)]


def neighbours(path: Path) -> str:
    """The links to the tutorials before and after."""
    order = tutorials(path.parent)
    place = order.index(path)
    before = [f"[← {title(p)}]({p.stem}.md)" for p in order[:place][-1:]]
    after = [f"[{title(p)} →]({p.stem}.md)" for p in order[place + 1 :][:1]]
    return " · ".join([*before, "[all tutorials](README.md)", *after])


def contents(folder: Path) -> str:
    """README.md of the pages, which repository viewers show with the folder."""
    lines = [f"* [{title(path)}]({path.stem}.md)" for path in tutorials(folder)]
    return "\n".join(["# Tutorials", "", "*This page is made by `make pages`.*", "", *lines]) + "\n"


def linked_modules(prose: str) -> str:
    """The paragraph `Modules: minirag/likelihood.py, …` with a link to each."""

    def link(paragraph: re.Match[str]) -> str:
        return re.sub(r"minirag/[\w/]+\.py", r"[\g<0>](../../\g<0>)", paragraph[0])

    return re.sub(r"^Modules: .*(?:\n.+)*", link, prose, flags=re.MULTILINE)


def prose_blocks(cell: NotebookNode, where: str) -> list[str]:
    if "```text" in cell.source:
        raise ValueError(f"{where}: a fence marked text is what a cell printed; open this one with ``` alone")
    return [cell.source]


def output_block(output: NotebookNode, figure: str, where: str) -> str:
    """What a cell printed, or the figure it ends with. ValueError for anything that a plain script would not show."""
    if output.output_type == "stream" and output.name == "stdout":
        return f"```text\n{output.text.rstrip()}\n```"
    if output.output_type == "stream":
        raise ValueError(f"{where} writes to stderr: {output.text.strip().splitlines()[-1]}")
    if output.output_type == "error":
        raise ValueError(f"{where} ends with {output.ename}: {output.evalue}".rstrip(": "))
    if output.output_type != "execute_result" or SVG not in output.data:
        raise ValueError(f"{where} shows something that is no figure: print it, so that the plain script shows it too")
    label = " ".join(output.data["text/plain"].split())
    if not label:
        raise ValueError(f"{where}: the figure has no label; figure.set_label(…) says in words what it shows")
    return f"![{label}]({figure})"
