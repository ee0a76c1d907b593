"""What did the retriever believe, and what does the answer say about it? Two bars for each passage.

Paper     RAG §2.2 (the prior p(z|x)), Fig. 2 (the posterior)
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots/test_belief.py

Axes: K passages.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from minirag.plots.posterior import fold
from minirag.plots.shapes import check_count, shares
from minirag.plots.style import BLUE, SMALL, VERMILLION, new_figure
from minirag.plots.words import distinct, one_line, plural, short

BAR = 0.38  # of the distance between two passages


def prior_and_posterior(
    prior: Float[Tensor, " K"] | Sequence[float],
    posterior: Float[Tensor, " K"] | Sequence[float],
    titles: Sequence[str],
) -> Figure:
    """p(z|x) above p(z|x,y) for every passage.

    Of more than 20 passages the most probable are drawn, and the others together. ValueError: a wrong shape, a value
    that is no probability.
    """
    before, after = shares("prior", prior, "K"), shares("posterior", posterior, "K")
    check_count("posterior", after.tolist(), len(before), "entry of prior")
    check_count("titles", titles, len(before), "entry of prior")
    titles, both = distinct(titles), torch.stack([before, after], dim=1)  # (K, 2)
    folded, rows = fold(both, titles)
    with new_figure(bars_height(rows)) as figure:
        draw_bars(figure.subplots(), folded, rows)
        figure.set_label(describe_bars(both, titles))
    return figure


def bars_height(rows: Sequence[str]) -> float:
    return 0.42 * len(rows) + 1.0


def draw_bars(axes: Axes, both: Float[Tensor, "K 2"], rows: Sequence[str]) -> None:
    before, after = both.T.tolist()
    places = range(len(rows))
    above, below = ([place + shift for place in places] for shift in (-BAR / 2, BAR / 2))
    light = axes.barh(above, before, BAR, label="prior p(z|x)", color="white", edgecolor=VERMILLION, hatch="////")
    dark = axes.barh(below, after, BAR, label="posterior p(z|x,y)", color=BLUE, edgecolor=BLUE)
    for bars in (light, dark):
        axes.bar_label(bars, fmt="{:.2f}", padding=3, fontsize=SMALL)
    axes.set_yticks(places, labels=rows)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.12)  # room for the number of a full bar
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.set_xlabel("probability")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2, handlelength=1.4)


def describe_bars(both: Float[Tensor, "K 2"], titles: Sequence[str]) -> str:
    """The passage with the highest posterior, and the one with the highest prior where that is another."""
    best = int(both[:, 1].argmax())
    first = int(both[:, 0].argmax())
    text = f"Bars of prior and posterior for {plural(len(titles), 'passage')}; {move(both, titles, best)}"
    return f"{text}." if best == first else f"{text}; {move(both, titles, first)}."


def move(both: Float[Tensor, "K 2"], titles: Sequence[str], row: int) -> str:
    before, after = (f"{value:.2f}" for value in both[row].tolist())
    name = short(one_line(titles[row]), 40)
    return f"{name} stays at {after}" if before == after else f"{name} goes from {before} to {after}"
