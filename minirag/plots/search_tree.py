"""Which way did the search go? All prefixes as a tree, and those that were followed.

Paper     RAG §2.5 (beam search)
Tutorial  tutorials/13_beam_search.py
Tests     tests/plots/test_search_tree.py
"""

from collections.abc import Collection, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minirag.plots.shapes import shares
from minirag.plots.style import BLUE, RULE, SMALL, WIDTH, new_figure
from minirag.plots.words import drawable, short

Prefix = tuple[str, ...]
ROW, STEP = 0.26, 1.15  # inches between two leaves, and between two tokens of a sentence
TOKEN = 12  # characters


def search_tree(probabilities: Mapping[Prefix, float], followed: Collection[Prefix]) -> Figure:
    """p(y_≤t) beside every prefix y_≤t, one token further to the right; `followed` are drawn bold, with what leads there.

    ValueError: no prefix, a prefix whose beginning is missing, a value that is no probability, a followed prefix that
    is not in the tree.
    """
    check_tree(probabilities, followed)
    leaves = [prefix for prefix in sorted(probabilities) if not any(is_child(prefix, other) for other in probabilities)]
    depth = max(map(len, probabilities))
    with new_figure(ROW * len(leaves) + 0.4, max(WIDTH, STEP * depth + 0.5)) as figure:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(0, depth + 0.35)
        axes.set_ylim(len(leaves) - 0.4, -0.6)
        draw_branches(axes, probabilities, places(probabilities, leaves), set(followed))
        figure.set_label(describe_tree(probabilities, followed, len(leaves)))
    return figure


def check_tree(probabilities: Mapping[Prefix, float], followed: Collection[Prefix]) -> None:
    if not probabilities:
        raise ValueError("probabilities hold no prefix")
    shares("probabilities", list(probabilities.values()), "N")
    for prefix in probabilities:
        if not prefix or (len(prefix) > 1 and prefix[:-1] not in probabilities):
            raise ValueError(f"probabilities: the beginning of {prefix} is missing")
    for prefix in followed:
        if prefix not in probabilities:
            raise ValueError(f"followed: {prefix} is not among the probabilities")


def is_child(prefix: Prefix, other: Prefix) -> bool:
    return other[:-1] == prefix


def places(probabilities: Mapping[Prefix, float], leaves: list[Prefix]) -> dict[Prefix, tuple[float, float]]:
    """(x, y) of every prefix: leaves one below the other, a prefix in the middle of what grows from it."""
    heights = {leaf: float(row) for row, leaf in enumerate(leaves)}
    for prefix in sorted(probabilities, key=len, reverse=True):
        if prefix not in heights:
            grown = [heights[other] for other in probabilities if is_child(prefix, other)]
            heights[prefix] = (min(grown) + max(grown)) / 2
    return {prefix: (float(len(prefix)), heights[prefix]) for prefix in probabilities}


def draw_branches(
    axes: Axes, probabilities: Mapping[Prefix, float], where: dict[Prefix, tuple[float, float]], followed: set[Prefix]
) -> None:
    roots = [y for (x, y) in where.values() if x == 1]
    start = (0.15, (min(roots) + max(roots)) / 2)
    for prefix, (x, y) in where.items():
        bold = prefix in followed
        from_x, from_y = where.get(prefix[:-1], start)
        right = from_x + 0.1 if prefix[:-1] in where else from_x
        line: dict[str, Any] = {"color": BLUE, "linewidth": 2.2} if bold else {"color": RULE, "linewidth": 1.0}
        axes.plot([right, x - 0.35], [from_y, y], zorder=2 if bold else 1, **line)
        text = f"{drawable(short(prefix[-1], TOKEN))} {probabilities[prefix]:.3f}"
        style: dict[str, Any] = {"fontweight": "bold", "color": BLUE} if bold else {}
        axes.text(x - 0.33, y, text, fontsize=SMALL, va="center", ha="left", **style)


def describe_tree(probabilities: Mapping[Prefix, float], followed: Collection[Prefix], leaves: int) -> str:
    """How large the tree is, and the likeliest of the sentences that were followed to their end."""
    text = f"Tree of {len(probabilities)} prefixes with {leaves} ends, of which {len(set(followed))} prefixes were followed"
    ends = [prefix for prefix in followed if not any(is_child(prefix, other) for other in probabilities)]
    if not ends:
        return f"{text}."
    best = max(ends, key=lambda prefix: probabilities[prefix])
    return f"{text}; the likeliest end that was reached is “{' '.join(best)}” with {probabilities[best]:.3f}."
