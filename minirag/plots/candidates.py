"""How does an answer of RAG-Sequence get its probability, and what of it does fast decoding see? One bar per candidate.

Paper     RAG §2.5 (thorough and fast decoding)
Tutorial  tutorials/15_rag_sequence_decoding.py
Tests     tests/plots/test_candidates.py

Axes: C candidates, K passages.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from minirag.plots.shapes import check_count, numbers, shares
from minirag.plots.style import INK, SERIES, SMALL, new_figure
from minirag.plots.words import distinct, drawable, names, one_line, plural, short

BAR = 0.6  # of the distance between two candidates


def candidate_bars(
    shares_of_passages: Float[Tensor, "C K"] | Sequence[Any],
    proposed: Bool[Tensor, "C K"] | Sequence[Any],
    answers: Sequence[str],
    titles: Sequence[str],
) -> Figure:
    """p(y|x) = Σ_z p(z|x) p(y|x,z), a piece of the bar for each passage z; white where z did not propose y itself.

    Thorough decoding counts the whole bar, fast decoding the filled pieces only. ValueError: wrong shapes, a value that
    is no probability.
    """
    parts = shares("shares_of_passages", shares_of_passages, "C K")
    found = numbers("proposed", proposed, "C K") != 0
    check_count("proposed", found.tolist(), len(parts), "row of shares_of_passages")
    check_count("answers", answers, len(parts), "row of shares_of_passages")
    check_count("titles", titles, parts.shape[1], "column of shares_of_passages")
    if found.shape != parts.shape:
        raise ValueError(f"proposed has the shape {tuple(found.shape)}, not {tuple(parts.shape)}")
    with new_figure(0.42 * len(parts) + 1.2) as figure:
        draw_candidates(figure.subplots(), parts, found, names(answers), distinct(titles))
        figure.set_label(describe_candidates(parts, found, answers))
    return figure


def draw_candidates(
    axes: Axes, parts: Float[Tensor, "C K"], found: Bool[Tensor, "C K"], rows: Sequence[str], titles: Sequence[str]
) -> None:
    starts = torch.cat([torch.zeros(len(parts), 1), parts.cumsum(dim=1)], dim=1).tolist()
    for k, title in enumerate(titles):
        colour = SERIES[k % len(SERIES)]
        for c, part in enumerate(parts[:, k].tolist()):
            if part == 0:
                continue
            filled = bool(found[c, k])
            style: dict[str, Any] = {"color": colour} if filled else {"facecolor": "white", "hatch": "////"}
            axes.barh(c, part, BAR, left=starts[c][k], edgecolor=colour, linewidth=1.2, zorder=2, **style)
        axes.barh(0, 0, color=colour, label=drawable(short(title, 20)).lstrip("_"))  # for the legend
    for c, total in enumerate(parts.sum(dim=1).tolist()):
        axes.text(total, c, f" {total:.3f}", fontsize=SMALL, va="center", color=INK)
    axes.set_yticks(range(len(rows)), labels=rows)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.15 * float(parts.sum(dim=1).max()) or 1.0)
    axes.set_xlabel("p(y|x); hatched: left out by fast decoding")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2, handlelength=1.4)


def describe_candidates(parts: Float[Tensor, "C K"], found: Bool[Tensor, "C K"], answers: Sequence[str]) -> str:
    """Which candidate is the best with all pieces, and which with the filled ones."""
    whole, filled = parts.sum(dim=1), parts.masked_fill(~found, 0.0).sum(dim=1)
    best, fast = int(whole.argmax()), int(filled.argmax())
    thorough = f"{short(one_line(answers[best]), 40)} with {whole[best]:.3f}"
    return (
        f"Bars of {plural(len(answers), 'candidate')}; thorough decoding picks {thorough}, "
        f"fast decoding {short(one_line(answers[fast]), 40)} with {filled[fast]:.3f}."
    )
