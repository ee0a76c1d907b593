"""Has the retriever collapsed: does it find the same few passages whatever is asked?

Paper     RAG appendix H (retrieval collapse)
Tutorial  tutorials/17_training_rag.py
Tests     tests/plots/test_training.py
"""

import math
from collections.abc import Sequence

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from minirag.plots.shapes import check_count, check_rising, numbers, shares
from minirag.plots.style import INK, SMALL, new_figure, series_style
from minirag.plots.words import plural


def retriever_collapse(
    steps: Sequence[int],
    distinct_share: Float[Tensor, " P"] | Sequence[float],
    prior_entropy: Float[Tensor, " P"] | Sequence[float],
    n_docs: int,
) -> Figure:
    """Above: retrieved passages that are distinct, as a share of all that were retrieved. Below: −Σ_z p(z|x) log p(z|x).

    prior_entropy: mean over questions, in nats, at most log n_docs (dashed). A collapsed retriever has a low share; its
    prior may be flat, or sure of the same passage for all. ValueError: shapes that do not go together, a value out of range.
    """
    share, entropy = shares("distinct_share", distinct_share, "P"), numbers("prior_entropy", prior_entropy, "P")
    check_rising("steps", steps, 0)
    check_count("distinct_share", share.tolist(), len(steps), "step")
    check_count("prior_entropy", entropy.tolist(), len(steps), "step")
    if n_docs < 1:
        raise ValueError(f"n_docs={n_docs} must be at least 1")
    most = math.log(n_docs)
    if entropy.min() < -1e-3 or entropy.max() > most + 1e-3:
        raise ValueError(
            f"prior_entropy has values from {entropy.min():.4g} to {entropy.max():.4g}, not from 0 to log {n_docs}"
        )
    with new_figure(4.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        above.plot(steps, (100 * share).tolist(), **series_style(0, len(steps)))
        above.set(ylim=(0, 105), ylabel="distinct\npassages (%)")
        below.plot(steps, entropy.tolist(), **series_style(1, len(steps)))
        below.axhline(most, color=INK, linestyle="--", linewidth=1.0)
        edge = below.get_yaxis_transform()  # x as a share of the axis, y in nats
        below.text(1.0, most, f"log {n_docs}: all alike", ha="right", va="bottom", fontsize=SMALL, transform=edge)
        below.set(ylim=(0, 1.25 * max(most, 0.1)), ylabel="entropy of\nprior (nats)", xlabel="training step")
        for axes in (above, below):
            axes.grid(axis="y")
        figure.set_label(
            f"Retriever over {plural(len(steps), 'step')} from {steps[0]:,} to {steps[-1]:,}: distinct passages go from "
            f"{share[0]:.0%} to {share[-1]:.0%}, the prior's entropy from {entropy[0]:.2f} to {entropy[-1]:.2f} nats, "
            f"of at most {most:.2f}."
        )
    return figure
