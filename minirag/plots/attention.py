"""Where does a network look? Attention weights of one head, or of all heads of a layer side by side.

Paper     Vaswani et al. 2017, §3.2 (attention), §3.2.3 (cross-attention: from the decoder to the source)
Tutorial  tutorials/03_attention.py, tutorials/06_bart.py
Tests     tests/plots/test_attention.py

Axes: H heads, Q tokens that look, S tokens that are looked at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from minirag.plots.cells import (
    NARROWEST,
    ROOM_FOR_A_NUMBER,
    colour_bar,
    draw_cells,
    fits,
    label_height,
    widest,
    write_cells,
)
from minirag.plots.shapes import check_count, shares
from minirag.plots.style import SMALL, WIDTH, new_figure
from minirag.plots.words import one_line, pieces, plural, short

PANELS = 2  # heads beside each other, or more where there is room
BESIDE = 0.6  # inches for the axis label and the gaps
PANEL = 0.6  # inches that "head 11" takes
LOW, HIGH, MANY = 0.15, 0.3, 30  # inches from row to row, the least where there are many


def attention_map(
    weights: Float[Tensor, "*H Q S"] | Sequence[Any], from_tokens: Sequence[str], to_tokens: Sequence[str]
) -> Figure:
    """softmax(qkᵀ/√d): the token that looks on the left, what it looks at below; a row adds up to 1.

    weights: (Q, S) for one head, (H, Q, S) for a panel each. ValueError: a wrong shape, a weight outside 0 to 1.
    """
    heads = by_head(weights)
    check_count("from_tokens", from_tokens, heads.shape[1], "row of weights")
    check_count("to_tokens", to_tokens, heads.shape[2], "column of weights")
    description = describe_attention("Attention", heads, from_tokens, to_tokens)
    return draw_heads(heads, from_tokens, to_tokens, ("token that looks", "token looked at"), description)


def cross_attention_map(
    weights: Float[Tensor, "*H T S"] | Sequence[Any], answer_tokens: Sequence[str], source_tokens: Sequence[str]
) -> Figure:
    """The same from answer to source. The source is long, so it runs down the page: here a column adds up to 1.

    weights: (T, S) or (H, T, S), as a BART layer gives them. ValueError as in `attention_map`.
    """
    heads = by_head(weights)
    check_count("answer_tokens", answer_tokens, heads.shape[1], "row of weights")
    check_count("source_tokens", source_tokens, heads.shape[2], "column of weights")
    description = describe_attention("Cross-attention", heads, answer_tokens, source_tokens)
    return draw_heads(heads.mT, source_tokens, answer_tokens, ("source token", "answer token"), description)


def by_head(weights: Tensor | Sequence[Any]) -> Float[Tensor, "H Q S"]:
    """One head is a grid of one."""
    table = shares("weights", weights, "Q S", "H Q S")
    return table[None] if table.ndim == 2 else table


@dataclass(frozen=True)
class Grid:
    """How the panels lie on the page, in panels and inches."""

    across: int
    down: int
    cell: float  # width
    row: float  # height

    @property
    def has_numbers(self) -> bool:
        return self.cell >= ROOM_FOR_A_NUMBER and self.row > LOW


def grid_of(count: int, rows: Sequence[str], columns: Sequence[str]) -> Grid:
    room = WIDTH - BESIDE - widest(rows)
    across = min(count, max(PANELS, int(room / max(PANEL, NARROWEST * len(columns)))))
    cell = max(NARROWEST, room / across / len(columns))
    row = LOW if len(rows) > MANY else min(HIGH, max(cell, NARROWEST))
    return Grid(across, math.ceil(count / across), cell, row)


def draw_heads(
    heads: Float[Tensor, "H R C"], left: Sequence[str], below: Sequence[str], axis_names: tuple[str, str], words: str
) -> Figure:
    """A panel per head, all with one scale; labels stand at the outer edges only."""
    rows, columns = pieces(left, 16), pieces(below, 16)
    grid = grid_of(len(heads), rows, columns)
    title = 0.3 if len(heads) > 1 else 0.0
    foot = label_height(columns, grid.cell) + (0.45 if grid.has_numbers else 1.1)
    width = BESIDE + widest(rows) + grid.cell * len(columns) * grid.across
    with new_figure((len(rows) * grid.row + title) * grid.down + foot, max(WIDTH, width)) as figure:
        places = figure.subplots(grid.down, grid.across, sharex=True, sharey=True, squeeze=False).ravel().tolist()
        for unused in places[len(heads) :]:
            unused.set_visible(False)
        panels = places[: len(heads)]
        fill_panels(figure, panels, heads, grid)
        panels[0].set_xticks(range(len(columns)), labels=columns)
        panels[0].set_yticks(range(len(rows)), labels=rows, fontsize=SMALL if grid.row == LOW else None)
        figure.supylabel(axis_names[0])
        for axes in panels[-grid.across :]:  # the lowest in each column
            axes.tick_params(axis="x", rotation=0 if fits(columns, grid.cell) else 90, labelbottom=True)
            axes.set_xlabel(axis_names[1])
        figure.set_label(words)
    return figure


def fill_panels(figure: Figure, panels: Sequence[Axes], heads: Float[Tensor, "H R C"], grid: Grid) -> None:
    top = max(heads.max().item(), 1e-6)
    meshes = [draw_cells(axes, head, top) for axes, head in zip(panels, heads, strict=True)]
    for number, (axes, head) in enumerate(zip(panels, heads, strict=True)):
        if len(heads) > 1:
            axes.set_title(f"head {number}")
        if grid.has_numbers:
            write_cells(axes, head, "{:.2f}".format, top)
    if not grid.has_numbers:
        colour_bar(figure, meshes[0], panels, "attention weight")


def describe_attention(
    kind: str, heads: Float[Tensor, "H Q S"], from_tokens: Sequence[str], to_tokens: Sequence[str]
) -> str:
    """The largest weight, and who has it."""
    H, Q, S = heads.shape
    head, row, column = (int(place) for place in torch.unravel_index(heads.argmax(), heads.shape))
    looks, seen = (repr(short(one_line(text), 24)) for text in (from_tokens[row], to_tokens[column]))
    where = f" in head {head}" if H > 1 else ""
    return (
        f"{kind} of {plural(H, 'head')} from {plural(Q, 'token')} to {plural(S, 'token')}; the largest weight, "
        f"{heads.max():.2f}, goes from {looks} to {seen}{where}."
    )
