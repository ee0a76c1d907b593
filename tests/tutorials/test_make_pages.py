"""Is a page what its tutorial prints and draws, the same every time, and is everything else refused?"""

import re
import shutil

import nbformat
import pytest

from tutorials.make_pages import is_changed, main
from tutorials.page_text import inputs, page_files, read_tutorial

FIRST = """\
# %% [markdown]
# # 00 First: is a page made?
#
# Modules: minirag/likelihood.py,
# minirag/rag/scoring.py
#
# Prose.

# %%
print("a third is", 1 / 3)

# %%
from matplotlib.figure import Figure

figure = Figure(figsize=(2, 2))
figure.add_subplot().plot([0, 1], [0, 1])
figure.set_label("A line that rises.")
figure
"""
SECOND = """\
# %% [markdown]
# # 01 Second: does it have neighbours?
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with two made-up tutorials and their pages, for reading only."""
    folder = tmp_path_factory.mktemp("tutorials")
    (folder / "00_first.py").write_text(FIRST)
    (folder / "01_second.py").write_text(SECOND)
    assert main([], folder) == 0
    return folder


@pytest.fixture
def folder(built, tmp_path):
    return shutil.copytree(built, tmp_path / "tutorials")


def read(folder, name):
    return (folder / "pages" / name).read_text("utf-8")


def test_below_each_cell_stands_what_it_printed_and_drew(built):
    assert read(built, "00_first.md").split("\n---\n")[0] == (
        "# 00 First: is a page made?\n\n"
        "*This page is made by `make pages` from [tutorials/00_first.py](../00_first.py); "
        "`python tutorials/00_first.py` prints the same numbers.*\n\n"
        "[all tutorials](README.md) · [01 Second: does it have neighbours? →](01_second.md)\n\n"
        "Modules: [minirag/likelihood.py](../../minirag/likelihood.py),\n"
        "[minirag/rag/scoring.py](../../minirag/rag/scoring.py)\n\nProse.\n\n"
        '```python\nprint("a third is", 1 / 3)\n```\n\n'
        "```text\na third is 0.3333333333333333\n```\n\n"
        "```python\nfrom matplotlib.figure import Figure\n\nfigure = Figure(figsize=(2, 2))\n"
        'figure.add_subplot().plot([0, 1], [0, 1])\nfigure.set_label("A line that rises.")\nfigure\n```\n\n'
        "![A line that rises.](00_first_1.svg)\n"
    )


def test_a_figure_says_in_words_what_it_shows_to_who_opens_it_alone(built):
    assert "<title>A line that rises.</title>" in read(built, "00_first_1.svg")


def test_the_contents_list_the_tutorials_in_order(built):
    links = re.findall(r"^\* \[(.+)\]\((.+)\)$", read(built, "README.md"), flags=re.MULTILINE)
    assert [target for _, target in links] == ["00_first.md", "01_second.md"]


def test_made_again_every_byte_is_the_same(folder):
    before = {path.name: path.read_bytes() for path in (folder / "pages").iterdir()}
    assert main(["00_first"], folder) == 0
    assert {path.name: path.read_bytes() for path in (folder / "pages").iterdir()} == before


def test_only_what_was_changed_is_made(folder, capsys):
    assert [is_changed(folder / name) for name in ("00_first.py", "01_second.py")] == [False, False]
    (folder / "01_second.py").write_text(SECOND + "# A word more.\n")
    assert main([], folder) == 0
    assert capsys.readouterr().out == "tutorials/01_second.py\n"
    assert "A word more." in read(folder, "01_second.md")


def test_a_figure_that_is_gone_is_made_again(folder):
    (folder / "pages" / "00_first_1.svg").unlink()
    assert is_changed(folder / "00_first.py")


def test_check_says_what_differs_line_by_line_and_writes_nothing(folder, capsys):
    page = folder / "pages" / "00_first.md"
    page.write_text(
        page.read_text("utf-8").replace("0.3333333333333333", "0.3433333333333333").replace("Prose.", "Verse.")
    )
    (folder / "pages" / "00_first_1.svg").write_text("no svg")
    (folder / "pages" / "07_gone.md").write_text("")
    before = page.read_bytes()
    assert main(["--check", "00_first"], folder) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "00_first_1.svg",
        "07_gone.md",
        "00_first.md, line 10",
        "00_first.md, line 17",
    ]
    assert "'Verse.'" in lines[2] and "0.3333333333333333" in lines[3]
    assert page.read_bytes() == before


def test_pages_that_no_tutorial_asks_for_are_taken_away(folder):
    wanted = sorted(path.name for path in (folder / "pages").iterdir())
    (folder / "pages" / "02_renamed.md").write_text("")
    (folder / "pages" / "00_first_2.svg").write_text("")
    assert main([], folder) == 0
    assert sorted(path.name for path in (folder / "pages").iterdir()) == wanted


def test_without_a_tutorial_there_is_an_empty_list(tmp_path):
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["README.md"]


def test_check_wants_the_list_of_tutorials(tmp_path, capsys):
    assert main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == "README.md: the list of tutorials is another one\n"


def test_an_unknown_name_is_refused_with_those_that_are_there(folder, capsys):
    assert main(["02_third"], folder) == 1
    assert capsys.readouterr().err == "no tutorial is called '02_third'; there are 00_first, 01_second\n"


def test_inputs_are_the_page_without_what_came_out(built):
    path = built / "00_first.py"
    assert inputs(read(built, "00_first.md")) == page_files(path, read_tutorial(path))["00_first.md"]


# --- what a cell may not do


def test_a_warning_is_refused_with_the_place_where_it_was_given(tmp_path, capsys):
    (tmp_path / "00_loud.py").write_text(SECOND + '\n# %%\nimport warnings\nwarnings.warn("beware", stacklevel=1)\n')
    assert main([], tmp_path) == 1
    error = capsys.readouterr().err
    assert error.startswith("tutorials/00_loud.py, cell 2 writes to stderr: ") and error.count("\n") == 1


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (nbformat.v4.new_output("error", ename="KeyError", evalue="'x'"), "cell 2 ends with KeyError: 'x'"),
        (
            nbformat.v4.new_output("execute_result", {"text/plain": "4"}),
            "cell 2 shows something that is no figure: print it",
        ),
        (
            nbformat.v4.new_output("display_data", {"image/svg+xml": "<svg/>"}),
            "cell 2 shows something that is no figure",
        ),
        (
            nbformat.v4.new_output("execute_result", {"image/svg+xml": "<svg/>", "text/plain": ""}),
            "cell 2: the figure has no",
        ),
    ],
)
def test_what_a_plain_script_would_not_show_is_refused(tmp_path, output, message):
    path = tmp_path / "00_bad.py"
    path.write_text(SECOND + "\n# %%\n4\n")
    notebook = read_tutorial(path)
    notebook.cells[1].outputs = [output]
    with pytest.raises(ValueError, match=re.escape(f"tutorials/00_bad.py, {message}")):
        page_files(path, notebook)


@pytest.mark.parametrize("source", ["", "print(1)\n", "# %% [markdown]\n# No heading.\n"])
def test_a_tutorial_opens_with_a_heading(tmp_path, source):
    (tmp_path / "00_bad.py").write_text(source)
    with pytest.raises(ValueError, match=r"00_bad\.py: the first cell is to be"):
        read_tutorial(tmp_path / "00_bad.py")


def test_a_fence_in_prose_cannot_pass_for_an_output(tmp_path):
    path = tmp_path / "00_bad.py"
    path.write_text(SECOND + "\n# %%\n4\n\n# %% [markdown]\n# ```text\n# 4\n# ```\n")
    with pytest.raises(ValueError, match="cell 3: a fence marked text is what a cell printed"):
        page_files(path, read_tutorial(path))
