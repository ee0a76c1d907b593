"""What does the site say about a Python file? Its docstring as prose, then its functions and classes with their source.

Tests     tests/test_site.py

Docstrings are written for who reads the code: plain text with formulas in Unicode. `as_markdown` keeps Markdown from reading
`p(y_t|x,y_<t)` as an HTML tag, or the lines `Paper`, `Tutorial` and `Tests` as one paragraph. mkdocstrings shows
functions and classes; `PlainDocstrings`, an extension of its parser griffe that mkdocs.yml names, does the same to theirs.
"""

import ast
import re
from pathlib import Path
from typing import Any

from griffe import Class, Extension, Object

REPOSITORY = Path(__file__).resolve().parents[1]
LETTERS = re.compile(r"[*_[\]]")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class PlainDocstrings(Extension):
    """What mkdocstrings is to do with our classes and functions."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)

    def on_class(self, *, cls: Class, **_: Any) -> None:
        """Fields stand in the signature already; what a network keeps in itself can be read in its source."""
        for name in [name for name, member in cls.members.items() if member.is_attribute and not member.docstring]:
            if "property" not in cls.members[name].labels:
                del cls.members[name]


def as_markdown(docstring: str) -> str:
    """Backtick spans and indented blocks stay; elsewhere <, *, _, [ and ] are letters. The head's lines stay lines."""
    blocks = docstring.split("\n\n")
    text = "\n\n".join(block if block.startswith("    ") else with_letters(block) for block in blocks)
    return re.sub(r"^(Paper|Tutorial|Tests)  +(.*)$", r"**\1** \2  ", text, flags=re.MULTILINE)


def with_letters(block: str) -> str:
    spans = re.split(r"(`[^`]*`)", block)
    return "".join(
        span if span.startswith("`") else LETTERS.sub(r"\\\g<0>", span).replace("<", "&lt;") for span in spans
    )


def module_page(path: Path) -> str:
    """A heading, the module's docstring, and a directive of mkdocstrings for each of its public names."""
    tree = ast.parse(path.read_text("utf-8"))
    name = dotted(path)
    public = [node.name for node in tree.body if isinstance(node, DEFINITIONS) and not node.name.startswith("_")]
    directives = [f"::: {name}.{each}" for each in public]
    prose = with_links(path, as_markdown(ast.get_docstring(tree) or ""))
    return "\n\n".join([f"# {name}", prose, *directives]) + "\n"


def test_page(path: Path) -> str:
    """The file's code as it is, cut where a test begins: its name, a sentence, is the heading."""
    text = path.read_text("utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    blocks = [f"# {dotted(path)}", as_markdown(ast.get_docstring(tree) or "")]
    done = tree.body[0].end_lineno if ast.get_docstring(tree) else 0
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            heading = f"## {node.name.removeprefix('test_').replace('_', ' ')} {{#{dotted(path)}.{node.name}}}"
            blocks += [fenced(lines[done : first - 1]), heading, fenced(lines[first - 1 : node.end_lineno])]
            done = node.end_lineno
    return "\n\n".join(block for block in [*blocks, fenced(lines[done:])] if block) + "\n"


def fenced(lines: list[str]) -> str:
    code = "\n".join(lines).strip("\n")
    return f"````python\n{code}\n````" if code else ""


def with_links(path: Path, prose: str) -> str:
    """The tutorials that a docstring names lead to their pages, where they are written already."""
    up = "../" * (len(path.relative_to(REPOSITORY).parts) - 1)

    def link(name: re.Match[str]) -> str:
        page = f"tutorials/pages/{name[1].replace(chr(92), '')}.md"
        return f"[{name[0]}]({up}{page})" if (REPOSITORY / page).exists() else name[0]

    return re.sub(r"tutorials/(\d\d[\w\\]+)\.py", link, prose)


def dotted(path: Path) -> str:
    """minirag/model/bert.py → minirag.model.bert; a package goes by its folder's name."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
