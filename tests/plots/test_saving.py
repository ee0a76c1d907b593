"""A picture file: whole or not there, the same bytes every time, with its words inside."""

import errno
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from matplotlib.figure import Figure
from PIL import Image

from minirag.plots import alt_text, picture_path, save, svg_text, token_posterior
from tests.plots.figures import POSTERIOR, TITLES, TOKENS

ODD_TITLES = ["Mongolia <&> 蒙古", "Gambia"]
AGAIN = (
    "from minirag.plots import svg_text, token_posterior;"
    f"print(svg_text(token_posterior({POSTERIOR!r}, {TOKENS!r}, {TITLES!r})), end='')"
)


@pytest.fixture
def figure():
    return token_posterior(POSTERIOR, TOKENS, ODD_TITLES)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_a_figure_saved_twice_and_one_made_anew_have_the_same_bytes(tmp_path, figure, suffix):
    anew = token_posterior(POSTERIOR, TOKENS, ODD_TITLES)
    for name, drawn in {"a": figure, "b": figure, "c": anew}.items():
        save(drawn, tmp_path / f"{name}{suffix}")
    one, *others = [(tmp_path / f"{name}{suffix}").read_bytes() for name in "abc"]
    assert others == [one, one]


def test_another_process_with_another_hash_seed_draws_the_same_svg():
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    printed = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, env=environment, check=True).stdout
    assert printed.decode("utf-8") == svg_text(token_posterior(POSTERIOR, TOKENS, TITLES))


def test_the_words_are_inside_the_file(tmp_path, figure):
    for suffix in (".svg", ".png", ".pdf"):
        save(figure, tmp_path / f"x{suffix}")
    svg = ElementTree.parse(tmp_path / "x.svg")
    assert [e.text for e in svg.iter("{http://purl.org/dc/elements/1.1/}description")] == [alt_text(figure)]
    with Image.open(tmp_path / "x.png") as png:
        assert png.info["Description"] == alt_text(figure)
        assert png.width == 1000
    assert "蒙古" in alt_text(figure)
    assert b"/Subject" in (tmp_path / "x.pdf").read_bytes()


def test_the_text_of_an_svg_is_that_of_its_file(tmp_path, figure):
    save(figure, tmp_path / "x.SVG")
    assert (tmp_path / "x.SVG").read_bytes().decode("utf-8") == svg_text(figure)


@pytest.mark.parametrize("name", ["x.jpeg", "x", "x.html", ".png", "nowhere/x.png", "folder.png"])
def test_a_place_that_cannot_take_a_picture_is_named_in_one_line(tmp_path, figure, name):
    (tmp_path / "folder.png").mkdir()
    for attempt in (picture_path, lambda path: save(figure, path)):
        with pytest.raises(ValueError) as error:
            attempt(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)
        assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_a_file_that_could_not_be_written_leaves_the_old_one_and_nothing_else(tmp_path, figure, monkeypatch):
    place = tmp_path / "x.png"
    place.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(ValueError, match=r"x\.png: cannot be written \(no space left"):
        save(figure, place)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_figure_without_words_is_refused(tmp_path):
    with pytest.raises(ValueError, match="text alternative"):
        save(Figure(), tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []
