"""Where do RAG-Sequence and RAG-Token part? One table, read row by row or column by column.

Paper     RAG §2.1
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots/test_likelihood_table.py

Sequence adds up each row, then mixes the rows. Token mixes each column, then adds up the columns. This room imports no
other, so the two sums and the two log Σ exp stand here once more; a test holds that they are those of likelihood.py.

Axes: K passages, T answer tokens. All numbers are in nats.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from minirag.plots.cells import ROW, colours, fits, label_height, widest, write_cell
from minirag.plots.shapes import check_count, numbers
from minirag.plots.style import BLUE, RULE, VERMILLION, WIDTH, new_figure
from minirag.plots.words import distinct, names, pieces, plural

CELL = 0.54  # inches: room for "−0.046", in bold too
GAP = 0.25  # of a cell, between the parts
MIX, SUM = "mix of column", "sum"
ROUNDING = 1e-4  # the float32 log-probability of a certainty may end up this far above 0


@dataclass(frozen=True)
class Table:
    """The table with its margins, and what Sequence and Token make of them: log p(y|x)."""

    prior: Float[Tensor, " K"]  # log p(z|x)
    cells: Float[Tensor, "K T"]  # log p(y_t|x,z,y_<t)
    row_sums: Float[Tensor, " K"]
    column_mixes: Float[Tensor, " T"]
    sequence: float
    token: float


def with_margins(prior: Float[Tensor, " K"], cells: Float[Tensor, "K T"]) -> Table:
    """Row: log p(z|x) + Σ_t log p(y_t|x,z,y_<t). Column: log Σ_z p(z|x) p(y_t|x,z,y_<t)."""
    row_sums = prior + cells.sum(dim=1)  # (K,)
    column_mixes = (prior[:, None] + cells).logsumexp(dim=0)  # (T,)
    return Table(prior, cells, row_sums, column_mixes, row_sums.logsumexp(dim=0).item(), column_mixes.sum().item())


def likelihood_table(
    doc_logprobs: Float[Tensor, " K"] | Sequence[float],
    token_logprobs: Float[Tensor, "K T"] | Sequence[Any],
    tokens: Sequence[str],
    titles: Sequence[str],
) -> Figure:
    """log p(z|x), log p(y_t|x,z,y_<t), and both ways to log p(y|x), in nats (RAG §2.1). Shades are probabilities.

    ValueError: a wrong shape, a log-probability above 0.
    """
    prior, cells = numbers("doc_logprobs", doc_logprobs, "K"), numbers("token_logprobs", token_logprobs, "K T")
    for name, values in (("doc_logprobs", prior), ("token_logprobs", cells)):
        if values.max() > ROUNDING:
            raise ValueError(f"{name} holds {values.max():.4g}: a log-probability is at most 0")
    check_count("token_logprobs", cells.tolist(), len(prior), "entry of doc_logprobs")
    check_count("tokens", tokens, cells.shape[1], "column of token_logprobs")
    check_count("titles", titles, len(prior), "entry of doc_logprobs")
    return draw_table(with_margins(prior, cells), names(distinct(titles, 16), 16), pieces(tokens, 12))


def draw_table(table: Table, rows: Sequence[str], columns: Sequence[str]) -> Figure:
    """x and y count cells: the table's own are at 0 … T−1 and 0 … K−1, the prior left of them, the results below."""
    K, T = table.cells.shape
    left, right = -1 - GAP, T + GAP
    mixed_rows, mixes, total = K + GAP, K + 1 + 2 * GAP, K + 2 + 2 * GAP
    beside = widest([*rows, MIX]) + 0.3
    wide = max(CELL, (WIDTH - beside) / (right - left + 1))
    heads = ["prior", *columns, SUM]
    height = label_height(heads, wide) + ROW * (total + 1) + 0.3
    with new_figure(height, beside + wide * (right - left + 1)) as figure:
        axes = figure.subplots()
        axes.set(xlim=(left - 0.5, right + 0.5), ylim=(total + 0.5, -0.5))
        axes.set_xticks([left, *range(T), right], labels=heads, rotation=0 if fits(heads, wide) else 90)
        axes.set_yticks([*range(K), mixes], labels=[*rows, MIX])
        axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
        axes.spines[:].set_visible(False)
        for k in range(K):
            box(axes, left, k, table.prior[k].item(), shaded=True)
            for t in range(T):
                box(axes, t, k, table.cells[k, t].item(), shaded=True)
            box(axes, right, k, table.row_sums[k].item(), edge=VERMILLION)
        for t in range(T):
            box(axes, t, mixes, table.column_mixes[t].item(), edge=BLUE)
        result(axes, right, mixed_rows, table.sequence, "mix of the row sums: RAG-Sequence", VERMILLION)
        result(axes, right, total, table.token, "sum of the mixes: RAG-Token", BLUE)
        figure.set_label(describe_table(table))
    return figure


def box(axes: Axes, x: float | int, y: float | int, value: float, edge: str = RULE, shaded: bool = False) -> None:
    """One number. Shaded: as dark as its probability."""
    face = colours()(math.exp(min(value, 0.0))) if shaded else "white"
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=face, edgecolor=edge, linewidth=1.0, clip_on=False))
    write_cell(axes, x, y, nats(value), face)


def result(axes: Axes, x: float | int, y: float | int, value: float, meaning: str, colour: str) -> None:
    """One of the two ends, and what it is."""
    axes.add_patch(
        Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor="white", edgecolor=colour, linewidth=3.0, clip_on=False)
    )
    write_cell(axes, x, y, nats(value), weight="bold")
    axes.text(x - 0.6, y, f"{meaning}  →", ha="right", va="center")


def nats(value: float) -> str:
    """About three digits, so that sums can be checked: −0.046, −4.65, −54.9. A true minus, and none before nothing."""
    size = abs(value)
    if size < 0.0005:
        return "0.00"
    text = "∞" if math.isinf(size) else f"{size:.{1 if size >= 10 else 2 if size >= 0.1 else 3}f}"
    return f"−{text}" if value < 0 else text


def describe_table(table: Table) -> str:
    K, T = table.cells.shape
    return (
        f"Table of log-probabilities, {plural(K, 'passage')} by {plural(T, 'token')}, with prior, row sums and column "
        f"mixes. Mixing the row sums gives {nats(table.sequence)} nats for RAG-Sequence; adding the column mixes gives "
        f"{nats(table.token)} nats for RAG-Token."
    )
