"""Is what the README says still so? Its commands parse, its Python is Python, and its names are names in the tree."""

import ast
import re
import shlex
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [shlex.split(line, comments=True) for block in blocks("bash") for line in block.splitlines()]
    return [words for words in lines if words]


def map_of_the_house() -> list[str]:
    """The paths in the map: a folder ends with "/", and what is indented below it lies in it."""
    folders: list[str] = []
    paths = []
    (text,) = blocks("text")
    for line in text.splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        folders = folders[: len(indent) // 2]
        paths.append("".join(folders) + name)
        if name.endswith("/"):
            folders.append(name)
    return paths


@pytest.mark.parametrize("words", [words for words in commands() if words[0] == "minirag"], ids=" ".join)
def test_every_minirag_command_of_the_readme_is_understood(words, capsys):
    """With --help at its end, every option before it is parsed and nothing is run."""
    from minirag.cli import run

    assert run([*words[1:], "--help"]) == 0
    assert words[1] in capsys.readouterr().out


@pytest.mark.parametrize("words", [words for words in commands() if words[0] == "make"], ids=" ".join)
def test_every_make_target_of_the_readme_exists(words):
    targets = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)
    assert words[1] in targets


@pytest.mark.parametrize("code", blocks("python"))
def test_every_import_of_the_readme_works(code):
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    exec(compile(ast.Module(imports, type_ignores=[]), "README.md", "exec"), {})


def test_the_map_shows_every_file_of_the_package_once():
    shown = [path for path in map_of_the_house() if path.startswith("minirag/") and path.endswith(".py")]
    files = [path.relative_to(REPOSITORY).as_posix() for path in sorted((REPOSITORY / "minirag").rglob("*.py"))]
    assert sorted(shown) == [path for path in files if not path.endswith("/__init__.py") or path in shown]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_in_the_map_and_every_link_exists(page):
    text = page.read_text(encoding="utf-8")
    links = [page.parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)", text)]
    paths = [REPOSITORY / path for path in (map_of_the_house() if page.name == "README.md" else [])]
    assert [str(path) for path in [*links, *paths] if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_function_and_test_that_is_named_exists(page):
    """`path.py::name`, or `::name` for another one of the same file."""
    path, missing = None, []
    for file, name in re.findall(r"`([\w/.]*)::(\w+)`", page.read_text(encoding="utf-8")):
        path = REPOSITORY / file if file else path
        if not path.is_file() or f"def {name}(" not in path.read_text(encoding="utf-8"):
            missing.append(f"{file}::{name}")
    assert missing == []


def test_every_line_that_the_page_of_mutants_shows_is_in_the_code():
    files = [REPOSITORY / "minirag" / "likelihood.py", *sorted((REPOSITORY / "minirag" / "decoding").glob("*.py"))]
    code = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in files)
    page = (REPOSITORY / "docs" / "mutants.md").read_text(encoding="utf-8")
    shown = re.findall(r"^- (.+)\n\+ ", page, flags=re.MULTILINE)
    assert shown and [line for line in shown if " ".join(line.split()) not in code] == []
