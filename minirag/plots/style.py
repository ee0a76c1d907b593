"""How do all pictures look? Legible in print, on a dark page, on a phone, and without telling colours apart.

Paper     none; Okabe & Ito 2008 (the colours), WCAG 2.1 §1.4.3 and §1.4.11 (contrast)
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots/test_style.py

A figure is 5 inches = 360 points wide: on a phone of 360 pixels a point is a pixel, so nothing is smaller than 9. Its
background is opaque white. No meaning hangs on colour alone: lines have markers, bars a hatch, cells a number or a scale.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure

from minirag.plots.fonts import fonts

WIDTH = 5.0  # inches; a figure grows beyond it only where its labels would touch
TEXT, SMALL = 11, 9  # points

# Okabe and Ito's palette without yellow, orange and sky blue, which have less than 3:1 against white.
BLUE, VERMILLION, GREEN, PURPLE, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # more than colours, so that colour and marker repeat together late
MARKED = 30  # points that get a marker each
INK, RULE = "#222222", "#D0D0D0"
CELLS = "Blues"  # one hue, from light to dark: the order survives a grey printer and every kind of colour blindness

STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "font.family": list(fonts()),
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.titlelocation": "left",
    "axes.labelsize": TEXT,
    "figure.titlesize": TEXT,
    "figure.labelsize": TEXT,
    "xtick.labelsize": TEXT - 1,
    "ytick.labelsize": TEXT - 1,
    "legend.fontsize": TEXT - 1,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": RULE,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "hatch.linewidth": 1.0,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.08,
    "text.parse_math": False,  # a "$" in a title is a dollar
    "text.usetex": False,
    "svg.fonttype": "path",  # the same on every machine, whatever fonts it has
    "svg.hashsalt": "minirag",  # the same bytes every time
    "pdf.fonttype": 42,
}
ONE_AT_A_TIME = RLock()  # matplotlib's settings belong to the whole process, and a server draws in threads


@contextmanager
def house_style() -> Iterator[None]:
    """These settings on top of matplotlib's own defaults; the caller's are out of force inside, and untouched after."""
    with ONE_AT_A_TIME, matplotlib.style.context(STYLE, after_reset=True):
        yield


@contextmanager
def new_figure(height: float, width: float = WIDTH) -> Iterator[Figure]:
    """An empty figure, in inches, to draw on. When the block ends it is laid out for good: it looks the same wherever
    and how often it is drawn.
    """
    with house_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def series_style(number: int, points: int) -> dict[str, Any]:
    """Colour and marker of the n-th line; a long line has about ten markers."""
    every = 1 if points <= MARKED else points // 10
    return {"color": SERIES[number % len(SERIES)], "marker": MARKERS[number % len(MARKERS)], "markevery": every}
