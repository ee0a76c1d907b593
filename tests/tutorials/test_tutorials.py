"""Does every tutorial run as a plain script, print what its page shows, and keep the rules of the house?"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tutorials.compare_pages import figures, folder_differences, printed, same_line
from tutorials.page_text import inputs, page_files, read_tutorial, tutorials

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "tutorials"
TUTORIALS = tutorials(FOLDER)
SOLUTIONS = sorted((FOLDER / "solutions").glob("*.py"))
NETWORK = {"ftplib", "http", "smtplib", "socket", "ssl", "urllib", "xmlrpc"}
ALLOWED = {"matplotlib", "minirag", "tokenizers", "torch", *sys.stdlib_module_names} - NETWORK

every_tutorial = pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
every_script = pytest.mark.parametrize(
    "path", [*TUTORIALS, *SOLUTIONS], ids=lambda path: f"{path.parent.name}/{path.stem}"
)


@pytest.fixture(scope="session", autouse=True)
def matplotlib_has_its_list_of_fonts():
    """matplotlib makes it when it is first imported on a machine, and says so on stderr where that takes long."""
    import matplotlib.font_manager  # noqa: F401


def run(path: Path) -> list[str]:
    """The lines that a script prints; nothing on stderr, and a warning is an error."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", str(path.relative_to(REPOSITORY))]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return [line for line in done.stdout.splitlines() if line.strip()]


def page_of(path: Path) -> str:
    return (FOLDER / "pages" / f"{path.stem}.md").read_text("utf-8")


@every_tutorial
def test_it_runs_as_a_plain_script_and_prints_what_its_page_shows(path):
    shown = [line for line in printed(page_of(path)) if line.strip()]
    lines = run(path)
    different = [(old, new) for old, new in zip(shown, lines, strict=False) if not same_line(old, new)]
    assert (different, len(lines)) == ([], len(shown)), f"make pages NAMES={path.stem}"


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_its_solutions_run_as_a_plain_script(path):
    assert run(path), "it prints nothing"


@every_tutorial
def test_its_page_has_its_prose_and_code_and_a_figure(path):
    page = page_of(path)
    assert inputs(page) == page_files(path, read_tutorial(path))[f"{path.stem}.md"], f"make pages NAMES={path.stem}"
    assert figures(page) != []


def test_the_folder_of_pages_holds_what_the_tutorials_ask_for():
    assert list(folder_differences(FOLDER)) == []


@every_tutorial
def test_it_starts_from_a_question_and_names_its_modules(path):
    first = read_tutorial(path).cells[0].source
    assert re.match(rf"# {path.stem[:2]} .+\?$", first.splitlines()[0]), "# # NN Name: the question?"
    (named,) = re.findall(r"^Modules: (.+(?:\n.+)*)", first, flags=re.MULTILINE)
    assert [module for module in re.split(r",\s", named) if not (REPOSITORY / module).is_file()] == []


@every_tutorial
def test_it_names_the_test_that_pins_the_property(path):
    prose = "\n".join(cell.source for cell in read_tutorial(path).cells if cell.cell_type == "markdown")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", prose)
    assert named != []
    assert [name for file, name in named if f"def {name}(" not in (REPOSITORY / file).read_text("utf-8")] == []


@every_tutorial
def test_it_is_short_and_ends_with_three_exercises_that_are_solved(path):
    assert len(path.read_text("utf-8").splitlines()) < 200
    last = read_tutorial(path).cells[-1].source
    assert re.findall(r"^(\d)\. ", last.split("## Check yourself")[-1], flags=re.MULTILINE) == ["1", "2", "3"]
    solutions = (FOLDER / "solutions" / path.name).read_text("utf-8")
    assert re.findall(r"^# ## Exercise (\d)$", solutions, flags=re.MULTILINE) == ["1", "2", "3"]


@every_tutorial
def test_every_decimal_in_its_prose_is_computed_or_written_in_its_code(path):
    """No step asks for faith. Sections of papers (§2.1) are no decimals; 0.93 in prose stands for a printed 0.9312."""
    page = re.sub(r"^!\[.*$", "", page_of(path), flags=re.MULTILINE)  # what a figure says of itself is computed, too
    fence = re.compile(r"^```(?:python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    shown = [float(number) for block in fence.findall(page) for number in re.findall(r"\d+\.\d*(?:e[-+]\d+)?", block)]
    said = re.findall(r"(?<![§\w.])\d+\.\d+(?![\w.]*\w)", fence.sub("", page))
    rounded = {number: {round(each, len(number.split(".")[1])) for each in shown} for number in said}
    assert [number for number in said if float(number) not in rounded[number]] == []


def defined(tree: ast.Module) -> set[str]:
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def imported(tree: ast.Module) -> list[tuple[str, str]]:
    """(module, the name it goes by here) of every import."""
    nodes = list(ast.walk(tree))
    plain = [
        (name.name, name.asname or name.name) for node in nodes if isinstance(node, ast.Import) for name in node.names
    ]
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return plain + [(node.module or ".", name.asname or name.name) for node in froms for name in node.names]


@every_script
def test_it_redefines_nothing_of_the_package(path):
    tree = ast.parse(path.read_text("utf-8"))
    library = {
        name for file in (REPOSITORY / "minirag").rglob("*.py") for name in defined(ast.parse(file.read_text("utf-8")))
    }
    assert defined(tree) & library == set()
    ours = {name for module, name in imported(tree) if module.split(".")[0] == "minirag"}
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert assigned & ours == set()


@every_script
def test_it_needs_no_network_and_nothing_beyond_the_extra(path):
    assert {module.split(".")[0] for module, _ in imported(ast.parse(path.read_text("utf-8")))} <= ALLOWED
