"""Which files make the site, and where do their links lead? A hook of mkdocs (mkdocs.yml names it).

Tests     tests/test_site.py

The site has the folders of the repository: a page lies where its file lies, so the relative links of README.md, docs/,
weights/ and tutorials/pages/ hold as they are, here and in any viewer of repositories. Only two kinds of links are led
elsewhere, to pages made from Python files: links to a file, and names in the form `minirag/likelihood.py::doc_logprobs`.
A page named without a link, `docs/deviations.md`, gets one.

Nothing is written by hand for the site alone: the table of equations is README's, the reference is made of docstrings.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import relpath
from typing import Any

import jupytext
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from module_pages import dotted, module_page, test_page

REPOSITORY = Path(__file__).resolve().parents[1]
TABLE = "paper_code_test.md"
NAME = re.compile(r"`((?:minirag|tests)/[\w/]+\.py)?::(\w+)`")
PAGE = re.compile(r"(?<!\[)`(docs/\w+\.md)`(?!\])")
LONG_NAME = re.compile(r"(?<=<code>)(?:minirag/|tests/|::)[\w/.:]+(?=</code>)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The menu: prose first, then one entry for each module, by rooms."""
    tutorials = ["tutorials/pages/README.md", *map(posix, pages_of_tutorials())]
    solutions = [page_of(path) for path in solution_sources()]
    config.nav = [
        {"Start": "README.md"},
        {"Paper, code, test": TABLE},
        {"Tutorials": [*tutorials, {"Solutions": solutions}, {"Read, run, write": "tutorials/README.md"}]},
        {"Differences": "docs/deviations.md"},
        *[posix(path) for path in sorted(REPOSITORY.glob("docs/**/*.md")) if path.name != "deviations.md"],
        {"Benchmarks": [posix(path) for path in measured_pages()]},
        {"Weights": "weights/README.md"},
        *[posix(path) for path in sorted(REPOSITORY.glob("*.md")) if path.name != "README.md"],
        {"Reference": rooms()},
        {"Tests named here": [page_of(path) for path in named_tests()]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Every page of the site, under its path in the repository, and whatever else these pages link to."""
    for file in list(files.documentation_pages()):
        files.remove(file)
    pages = written_pages()
    texts = {posix(path): path.read_text("utf-8") for path in pages}
    texts[TABLE] = equation_table()
    texts |= {page_of(path): module_page(path) for path in modules()}
    texts |= {page_of(path): test_page(path) for path in named_tests()}
    texts |= {page_of(path): solution_page(path) for path in solution_sources()}
    for source, text in texts.items():
        files.append(File.generated(config, source, content=text))
    for path in linked_files(pages):
        files.append(File.generated(config, posix(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links and names of Python files to the pages made from them, where there is one."""
    page_itself = page.file.src_uri
    here = str(PurePosixPath(page_itself).parent)

    def lead(link: re.Match[str]) -> str:
        target = PurePosixPath(here, link[1]).with_suffix(".md")
        made = link[1].endswith(".py") and files.get_file_from_path(relpath(target, "."))
        return f"]({link[1][: -len('.py')]}.md" if made else link[0]

    def named(page: re.Match[str]) -> str:
        other = files.get_file_from_path(page[1]) and page[1] != page_itself
        return f"[{page[0]}]({relpath(page[1], here)})" if other else page[0]

    return LINK.sub(lead, linked_names(PAGE.sub(named, markdown), here, files))


def on_page_content(html: str, **_: Any) -> str:
    """In a narrow column a path or the name of a test goes on in the next line behind `/`, `::` or `_`, not anywhere."""
    return LONG_NAME.sub(lambda name: re.sub(r"(/|::|_)(?=\w)", r"\1<wbr>", name[0]), html)


def linked_names(markdown: str, here: str, files: Files) -> str:
    """`path.py::name`, or `::name` for another one of the same file, as links to where the name is defined."""
    path = ""

    def link(name: re.Match[str]) -> str:
        nonlocal path
        path = name[1] or path
        target = str(PurePosixPath(path).with_suffix(".md")) if path else ""
        if not files.get_file_from_path(target):
            return name[0]
        return f"[{name[0]}]({relpath(target, here)}#{dotted(REPOSITORY / path)}.{name[2]})"

    return NAME.sub(link, markdown)


# --- what there is


def posix(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def page_of(path: Path) -> str:
    """minirag/likelihood.py → minirag/likelihood.md, which exists on the site alone."""
    return posix(path.with_suffix(".md"))


def written_pages() -> list[Path]:
    """The Markdown files that someone wrote, or that `make pages` made."""
    readmes = [REPOSITORY / folder / "README.md" for folder in ("weights", "tutorials", "tutorials/pages")]
    prose = [*REPOSITORY.glob("*.md"), *sorted((REPOSITORY / "docs").rglob("*.md")), *measured_pages()]
    return [*prose, *readmes, *pages_of_tutorials()]


def measured_pages() -> list[Path]:
    return sorted((REPOSITORY / "benchmarks").rglob("*.md"))


def pages_of_tutorials() -> list[Path]:
    return sorted((REPOSITORY / "tutorials/pages").glob("[0-9]*.md"))


def solution_sources() -> list[Path]:
    return sorted((REPOSITORY / "tutorials/solutions").glob("[0-9]*.py"))


def modules() -> list[Path]:
    """The rooms' empty `__init__.py` are no pages."""
    paths = sorted((REPOSITORY / "minirag").rglob("*.py"))
    return [path for path in paths if path.name != "__init__.py" or "def " in path.read_text("utf-8")]


def named_tests() -> list[Path]:
    """The test files that a written page names."""
    names = (name for page in written_pages() for name in re.findall(r"`(tests/[\w/]+\.py)::", page.read_text("utf-8")))
    return [REPOSITORY / name for name in sorted(set(names))]


def linked_files(pages: list[Path]) -> Iterator[Path]:
    """Files that are no pages (figures, the licence, a tutorial's source) and that a page links to."""
    links = {(page.parent / link).resolve() for page in pages for link in LINK.findall(page.read_text("utf-8"))}
    return (path for path in sorted(links) if path.is_file() and path.suffix != ".md")


def rooms() -> list[dict[str, list[dict[str, str]]]]:
    """One entry for each room with its modules; modules that stand alone come first, under `minirag`."""
    entries: dict[str, list[dict[str, str]]] = {"minirag": []}
    for path in modules():
        room = path.relative_to(REPOSITORY / "minirag").parts[0]
        entry = {dotted(path).split(".")[-1]: page_of(path)}
        entries.setdefault("minirag" if room.endswith(".py") else room, []).append(entry)
    return [{room: pages} for room, pages in entries.items()]


# --- pages that are made from a part of something


def equation_table() -> str:
    """The section of README.md that leads from equations to code and tests."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    (section,) = [part for part in re.split(r"^## ", readme, flags=re.MULTILINE) if "| paper | equation |" in part]
    return f"# {section}"


def solution_page(path: Path) -> str:
    cells = jupytext.read(path, fmt="py:percent").cells
    blocks = [cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```" for cell in cells]
    return "\n\n".join(blocks) + "\n"
