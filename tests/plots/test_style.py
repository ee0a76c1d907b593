"""Every figure: legible, opaque, with words, and untouched by the caller's settings, which it leaves alone."""

import unicodedata
from itertools import pairwise

import matplotlib
import pytest
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from minirag.plots import alt_text, svg_text, token_posterior
from minirag.plots.cells import colours, luminance
from minirag.plots.style import INK, SERIES, WIDTH, series_style
from tests.plots.figures import HOSTILE, POSTERIOR, TITLES, TOKENS, every_kind, texts


@pytest.fixture(scope="module")
def figures():
    return every_kind(TITLES, TOKENS)


@pytest.fixture(scope="module")
def hostile_figures():
    return every_kind(HOSTILE, HOSTILE)


def contrast(one, other) -> float:
    """(lighter + 0.05) / (darker + 0.05), WCAG 2.1."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_lines_stand_out_from_the_page_and_text_does_so_more():
    assert min(contrast(colour, "white") for colour in SERIES) >= 3.0
    assert contrast(INK, "white") >= 7.0


def test_no_two_of_the_first_35_lines_look_the_same():
    looks = {(style["color"], style["marker"]) for style in (series_style(number, 9) for number in range(35))}
    assert len(looks) == 35


def test_a_number_in_a_cell_stands_out_whatever_the_shade():
    shades = [colours()(share / 100) for share in range(101)]
    assert min(max(contrast(shade, "black"), contrast(shade, "white")) for shade in shades) >= 4.5
    figure = token_posterior([[share / 20] for share in range(20)], ["x"], [str(row) for row in range(20)])
    axes = figure.axes[0]
    assert len(axes.texts) == 20
    for row, text in enumerate(axes.texts):
        assert contrast(colours()(row / 20), text.get_color()) >= 4.5


def test_shades_darken_evenly_so_that_they_survive_a_grey_printer():
    shades = [luminance(colours()(share / 20)) for share in range(21)]
    assert shades == sorted(shades, reverse=True)
    assert min(before - after for before, after in pairwise(shades)) > 0.005


def test_text_is_9_points_or_more_on_a_page_360_points_wide(figures):
    for kind, figure in figures.items():
        assert figure.get_figwidth() == WIDTH, kind
        assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 9, kind


def test_the_background_is_white_and_opaque(figures):
    for figure in figures.values():
        assert figure.get_facecolor() == to_rgba("white")
        assert all(axes.get_facecolor() == to_rgba("white") for axes in figure.axes)


def test_every_figure_says_what_it_shows_in_one_line(figures, hostile_figures):
    for figure in [*figures.values(), *hostile_figures.values()]:
        assert alt_text(figure).endswith(".")
        assert not [c for c in alt_text(figure) if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]


def test_text_from_anywhere_is_drawn_as_text_and_without_a_warning(hostile_figures):
    for kind, figure in hostile_figures.items():
        assert not [text for text in figure.findobj(Text) if text.get_parse_math() and text.get_text()], kind
        assert svg_text(figure).count("<svg") == 1, kind
    assert {"$x^2$", "$\\frac{"} <= set(texts(hostile_figures["belief"]))


def test_what_is_drawn_stays_inside_the_figure(figures):
    for kind, figure in figures.items():
        box, inside = figure.get_tightbbox(), figure.bbox_inches
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= inside.x1 and box.y1 <= inside.y1, kind


def test_the_callers_settings_neither_matter_nor_change():
    expected = svg_text(token_posterior(POSTERIOR, TOKENS, TITLES))
    odd = {"font.size": 30, "axes.facecolor": "black", "text.usetex": True, "image.cmap": "jet", "lines.linewidth": 9}
    with matplotlib.rc_context(odd):
        assert svg_text(token_posterior(POSTERIOR, TOKENS, TITLES)) == expected
        assert {name: matplotlib.rcParams[name] for name in odd} == odd
