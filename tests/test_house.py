"""Do the rooms import only what stands below them, and is nothing imported that must not be?

Read from the source with ast: nothing is run.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "minirag"
LIBRARY = sorted(PACKAGE.rglob("*.py"))
ROOTS = ("minirag", "tests", "tutorials", "weights", "benchmarks", "docs")
OURS = sorted(path for root in ROOTS for path in (REPOSITORY / root).rglob("*.py"))

# Ground floor last. A room may import itself, every room of a lower line, and the neighbours named below.
FLOORS = [
    {"cli", "serve"},
    {"experiments"},
    {"cluster"},
    {"evaluation", "training", "world", "conversion", "plots"},
    {"rag", "answer"},
    {"decoding"},
    {"likelihood"},
    {"questions"},
    {"documents"},
    {"retrieval"},
    {"model"},
    {"text"},
    {"configuration", "outputs"},
    {"settings", "freed_memory"},
]
FLOOR_OF = {room: len(FLOORS) - height for height, rooms in enumerate(FLOORS) for room in rooms}
NEIGHBOURS = {
    ("cli", "serve"),
    ("serve", "cli"),
    ("rag", "answer"),
    ("training", "world"),
    ("training", "evaluation"),
    ("evaluation", "world"),
}
# These import no other room: what is beside them in their own room stands alone, too.
STAND_ALONE = [
    "likelihood.py",
    "decoding/beam_search.py",
    "decoding/best_tokens.py",
    "decoding/constraints.py",
    "decoding/greedy.py",
    "decoding/sampling.py",
    "decoding/search.py",
    "decoding/search_options.py",
    "evaluation/metrics.py",
]


def imported_names(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, with its full dotted name."""
    package = path.relative_to(REPOSITORY).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) + "." if node.level else ""
            module = (base + (node.module or "")).rstrip(".")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def dotted(name: str) -> str:
    return f"minirag.{name.removesuffix('.py').replace('/', '.')}."


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def rooms_imported(path: Path) -> set[str]:
    """The rooms of minirag that a file imports, `minirag` itself (its public names) included."""
    dotted = (name.split(".") for name in imported_names(path))
    return {parts[1] if parts[1:] and parts[1] in FLOOR_OF else "minirag" for parts in dotted if parts[0] == "minirag"}


def mentions(path: Path, *modules: str) -> list[str]:
    return [name for name in imported_names(path) if name.split(".")[0] in modules]


def label(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", LIBRARY, ids=label)
def test_a_room_imports_only_what_stands_below_it(path):
    room = room_of(path)
    if path == PACKAGE / "__init__.py":
        return  # it hands out the public names of every room
    assert room in FLOOR_OF, f"{label(path)} stands on no floor: add it to FLOORS"
    others = rooms_imported(path) - {room}
    below = {other for other in others if FLOOR_OF.get(other, len(FLOORS)) < FLOOR_OF[room]}
    beside = {other for other in others if (room, other) in NEIGHBOURS}
    assert others <= below | beside


@pytest.mark.parametrize("name", STAND_ALONE)
def test_these_files_can_be_read_alone(name):
    others = {other for other in imported_names(PACKAGE / name) if other.startswith("minirag")}
    assert all(any(other.startswith(dotted(alone)) for alone in STAND_ALONE) for other in others)


@pytest.mark.parametrize("path", sorted((PACKAGE / "plots").glob("*.py")), ids=label)
def test_the_plots_import_no_other_room_and_keep_no_state(path):
    assert rooms_imported(path) <= {"plots"}
    assert [name for name in imported_names(path) if name.startswith("matplotlib.pyplot")] == []


@pytest.mark.parametrize("path", [p for p in LIBRARY if p.parent.name != "plots"], ids=label)
def test_matplotlib_is_imported_in_the_plots_only(path):
    assert mentions(path, "matplotlib") == []


@pytest.mark.parametrize("path", OURS, ids=label)
def test_nobody_imports_numpy_or_pickle(path):
    assert mentions(path, "numpy", "pickle", "cPickle", "dill", "joblib") == []


@pytest.mark.parametrize("path", [p for p in OURS if not {"tests", "benchmarks"} & set(p.parts)], ids=label)
def test_transformers_is_imported_where_minirag_is_compared_with_it_only(path):
    assert mentions(path, "transformers") == []


@pytest.mark.parametrize("path", LIBRARY, ids=label)
def test_shapes_are_annotations_and_not_strings(path):
    """`from __future__ import annotations` would turn every shape into a string that nobody checks."""
    if mentions(path, "jaxtyping"):
        assert "__future__.annotations" not in list(imported_names(path))


@pytest.mark.parametrize("path", LIBRARY, ids=label)
def test_the_tests_that_a_module_names_exist(path):
    named = re.search(r"^Tests +(.+)$", path.read_text("utf-8"), re.MULTILINE)
    for test in re.findall(r"tests/[\w/.]*\w", named.group(1) if named else ""):
        assert (REPOSITORY / test).exists(), test
