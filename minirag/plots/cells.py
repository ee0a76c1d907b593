"""How is a table drawn? One rectangle per cell, the darker the more; with its number where there is room.

Paper     none
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots/test_posterior.py, tests/plots/test_attention.py
"""

from collections.abc import Callable, Sequence

import matplotlib
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.typing import ColorType
from torch import Tensor

from minirag.plots.style import CELLS, RULE, SMALL, TEXT, WIDTH
from minirag.plots.words import inches

ROOM_FOR_A_NUMBER = 0.36  # inches, for "0.97" in small type
NARROWEST, ROW = 0.2, 0.3  # inches: a cell above a label that stands upright; a row beside its label


def colours() -> Colormap:
    return matplotlib.colormaps[CELLS]


def cell_width(rows: Sequence[str], columns: Sequence[str], beside: float = 0.35) -> float:
    """What a column gets, in inches, of a page's width less the row labels and `beside`."""
    return max(NARROWEST, (WIDTH - beside - widest(rows)) / len(columns))


def figure_width(rows: Sequence[str], columns: Sequence[str], beside: float = 0.35) -> float:
    """A page's width, or more where that many columns need it."""
    return max(WIDTH, beside + widest(rows) + cell_width(rows, columns, beside) * len(columns))


def label_height(columns: Sequence[str], wide: float) -> float:
    """Inches that the column labels take: a line, or the longest of them where they stand upright."""
    return 0.3 if fits(columns, wide) else widest(columns) + 0.1


def widest(texts: Sequence[str]) -> float:
    return max((inches(text, TEXT - 1) for text in texts), default=0.0)


def fits(columns: Sequence[str], wide: float) -> bool:
    return widest(columns) <= wide


def draw_cells(axes: Axes, values: Float[Tensor, "R C"], top: float = 1.0) -> QuadMesh:
    """Row 0 at the top; white is 0, the darkest blue is `top`. The cell of row r and column c has its centre at (c, r)."""
    rows, columns = values.shape
    edges = [x - 0.5 for x in range(columns + 1)], [y - 0.5 for y in range(rows + 1)]
    mesh = axes.pcolormesh(*edges, values.tolist(), cmap=colours(), vmin=0.0, vmax=top, edgecolors=RULE, linewidth=0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return mesh


def label_rows(axes: Axes, rows: Sequence[str]) -> None:
    axes.set_yticks(range(len(rows)), labels=rows)


def label_columns(axes: Axes, columns: Sequence[str], wide: float) -> None:
    """Upright where they would touch."""
    axes.set_xticks(range(len(columns)), labels=columns, rotation=0 if fits(columns, wide) else 90)


def write_cells(axes: Axes, values: Float[Tensor, "R C"], write: Callable[[float], str], top: float = 1.0) -> None:
    """The numbers of a table whose darkest blue is `top`."""
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            write_cell(axes, column, row, write(value), colours()(value / top))


def write_cell(
    axes: Axes, x: float | int, y: float | int, text: str, background: ColorType = "white", weight: str = "normal"
) -> None:
    """Black or white, whichever stands out more: at least 4.5:1 on any background."""
    colour = "black" if luminance(background) > 0.18 else "white"
    axes.text(x, y, text, ha="center", va="center", fontsize=SMALL, color=colour, weight=weight)


def luminance(colour: ColorType) -> float:
    """0.2126 R + 0.7152 G + 0.0722 B of linear light (WCAG 2.1, relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def colour_bar(figure: Figure, mesh: QuadMesh, axes: Sequence[Axes], unit: str) -> None:
    """What the shades stand for, below the cells, where they have no numbers."""
    bar = figure.colorbar(mesh, ax=list(axes), location="bottom", aspect=40, pad=0.02, label=unit)
    bar.outline.set_visible(False)
