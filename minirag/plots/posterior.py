"""Which passage does each token come from? The paper's Fig. 2.

Paper     RAG Fig. 2: p(z_t|x,y_≤t) for every generated token
Tutorial  tutorials/11_likelihood.py, tutorials/14_rag_token_decoding.py
Tests     tests/plots/test_posterior.py

Axes: K passages, T answer tokens.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from minirag.plots.cells import (
    ROOM_FOR_A_NUMBER,
    ROW,
    cell_width,
    colour_bar,
    draw_cells,
    figure_width,
    label_columns,
    label_height,
    label_rows,
    write_cells,
)
from minirag.plots.shapes import check_count, shares
from minirag.plots.style import new_figure
from minirag.plots.words import distinct, names, one_line, pieces, plural, short

MOST = 20  # passages that get a row of their own


def token_posterior(
    posterior: Float[Tensor, "K T"] | Sequence[Any], tokens: Sequence[str], titles: Sequence[str]
) -> Figure:
    """p(z_t|x,y_≤t): tokens from left to right, passages from top to bottom, the darker the more probable (RAG Fig. 2).

    Of more than 20 passages the most probable are drawn, and the others together. ValueError: a wrong shape, no token,
    a value that is no probability.
    """
    table = shares("posterior", posterior, "K T")
    check_count("tokens", tokens, table.shape[1], "column of posterior")
    check_count("titles", titles, table.shape[0], "row of posterior")
    titles = distinct(titles)
    folded, rows = fold(table, titles)
    columns = pieces(tokens)
    with new_figure(heat_map_height(rows, columns), figure_width(rows, columns)) as figure:
        draw_token_posterior(figure, figure.subplots(), folded, columns, rows)
        figure.set_label(describe_token_posterior(table, titles))
    return figure


def heat_map_height(rows: Sequence[str], columns: Sequence[str]) -> float:
    """Inches: the cells, the tokens below them, then the axis label and perhaps a colour bar."""
    wide = cell_width(rows, columns)
    return ROW * len(rows) + label_height(columns, wide) + (0.45 if wide >= ROOM_FOR_A_NUMBER else 1.05)


def draw_token_posterior(
    figure: Figure, axes: Axes, table: Float[Tensor, "K T"], columns: Sequence[str], rows: Sequence[str]
) -> None:
    wide = cell_width(rows, columns)
    mesh = draw_cells(axes, table)
    label_rows(axes, rows)
    label_columns(axes, columns, wide)
    axes.set_xlabel("generated token  →")
    if wide >= ROOM_FOR_A_NUMBER:
        write_cells(axes, table, "{:.2f}".format)
    else:
        colour_bar(figure, mesh, [axes], "posterior probability of the passage")


def fold(table: Float[Tensor, "K C"], titles: Sequence[str]) -> tuple[Float[Tensor, "R C"], list[str]]:
    """At most MOST rows and their names as drawn: the most probable ones in their order, and the sum of the others."""
    if len(titles) <= MOST:
        return table, names(titles)
    kept = table.max(dim=1).values.topk(MOST - 1).indices.sort().values
    others = torch.ones(len(titles), dtype=torch.bool).index_fill(0, kept, False)
    rows = [titles[row] for row in kept.tolist()]
    return torch.cat([table[kept], table[others].sum(dim=0, keepdim=True)]), [
        *names(rows),
        f"{len(titles) - len(rows)} others together",
    ]


def describe_token_posterior(table: Float[Tensor, "K T"], titles: Sequence[str]) -> str:
    """Who leads, and by how much at least."""
    size = f"Heat map of {plural(table.shape[0], 'passage')} by {plural(table.shape[1], 'token')}"
    winners = table.argmax(dim=0)  # (T,)
    leads = []
    for row in winners.unique_consecutive().unique().tolist():
        own = table[row, winners == row]
        of = "every token" if len(own) == len(winners) else f"{len(own)} of {plural(len(winners), 'token')}"
        leads.append((len(own), f"{short(one_line(titles[row]), 40)} holds {at_least(own.min().item())} of {of}"))
    leads.sort(key=lambda lead: -lead[0])
    return f"{size}; {'; '.join(text for _, text in leads[:3])}."


def at_least(value: float) -> str:
    """Two digits, never more than there is: 0.999 is 0.99 or more, and 1 is 1.00."""
    floored = f"{math.floor(100 * value + 1e-4) / 100:.2f}"
    return floored if floored == "1.00" else f"{floored} or more"
