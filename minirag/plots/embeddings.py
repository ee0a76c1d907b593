"""Do questions lie near their passages? Vectors of both in the two directions in which they differ most.

Paper     DPR §3.1 (questions and passages in one space); Pearson 1901 (principal components)
Tutorial  tutorials/05_dpr.py
Tests     tests/plots/test_embeddings.py

Axes: B questions, N passages, D dimensions.
"""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from minirag.plots.shapes import check_count, numbers
from minirag.plots.style import BLUE, INK, SMALL, VERMILLION, WIDTH, new_figure
from minirag.plots.words import inches, names, plural

AROUND = 0.12  # of the plotted span, left free on each side for titles
POINT = 4  # half of a marker, in points

Box = tuple[float, float, float, float]
Place = tuple[tuple[int, int], Literal["left", "center", "right"]]
# Where a title may stand: points from its own point, and the side of it that is nearest.
PLACES: list[Place] = [((6, 0), "left"), ((-6, 0), "right"), ((0, 10), "center"), ((0, -10), "center")]


def embedding_map(
    question_vectors: Float[Tensor, "B D"] | Sequence[Any],
    passage_vectors: Float[Tensor, "N D"] | Sequence[Any],
    gold: Sequence[int] | None = None,
    titles: Sequence[str] | None = None,
) -> Figure:
    """q(x) and d(z) on the first two principal components of both together. Questions are triangles, passages circles.

    gold: for each question the number of its passage, to which a line is drawn. titles: written beside the passages.
    ValueError: shapes that do not go together, fewer than three vectors.
    """
    questions, passages = (
        numbers("question_vectors", question_vectors, "B D"),
        numbers("passage_vectors", passage_vectors, "N D"),
    )
    if questions.shape[1] != passages.shape[1]:
        raise ValueError(f"passage_vectors have {passages.shape[1]} dimensions, question_vectors {questions.shape[1]}")
    pairs = gold_pairs(gold, len(questions), len(passages))
    if titles is not None:
        check_count("titles", titles, len(passages), "row of passage_vectors")
    points, explained = principal_components(torch.cat([questions, passages]))
    with new_figure(4.2) as figure:
        axes = figure.subplots()
        draw_points(axes, points[: len(questions)], points[len(questions) :], pairs)
        axes.set_xlabel(f"1st principal component ({explained[0]:.0%} of variance)")
        axes.set_ylabel(f"2nd component ({explained[1]:.0%})")
        figure.draw_without_rendering()  # now it is known where on the page a point lies
        write_titles(axes, points, names(titles or [], 18))
        figure.set_label(describe_map(len(questions), len(passages), explained))
    return figure


def gold_pairs(gold: Sequence[int] | None, questions: int, passages: int) -> list[tuple[int, int]]:
    """(question, passage), checked."""
    if gold is None:
        return []
    check_count("gold", gold, questions, "row of question_vectors")
    for number in gold:
        if not 0 <= number < passages:
            raise ValueError(f"gold names passage {number}; there are {passages}")
    return list(enumerate(gold))


def principal_components(vectors: Float[Tensor, "M D"]) -> tuple[Float[Tensor, "M 2"], list[float]]:
    """X − mean = UΣVᵀ: the rows of UΣ, first two columns, and their shares of Σσ². The largest entry of v is positive."""
    if len(vectors) < 3 or vectors.shape[1] < 2:
        raise ValueError(f"{len(vectors)} vectors of {vectors.shape[1]} dimensions have no two principal components")
    centred = vectors - vectors.mean(dim=0)
    _, sigma, components = torch.linalg.svd(centred, full_matrices=False)  # (M′,), (M′, D)
    first = components[:2]
    signs = first.gather(1, first.abs().argmax(dim=1, keepdim=True)).sign()  # (2, 1): svd leaves them open
    variance = sigma.square()
    explained = variance[:2] / variance.sum().clamp(min=torch.finfo(variance.dtype).tiny)
    return centred @ (first * signs).T, explained.tolist()


def draw_points(
    axes: Axes, questions: Float[Tensor, "B 2"], passages: Float[Tensor, "N 2"], pairs: Sequence[tuple[int, int]]
) -> None:
    for question, passage in pairs:
        ends = torch.stack([questions[question], passages[passage]])
        axes.plot(*ends.T.tolist(), color=INK, linewidth=0.7, alpha=0.5, zorder=1)
    x, y = passages.T.tolist()
    axes.scatter(x, y, marker="o", s=30, color=BLUE, label="passages", zorder=2)
    x, y = questions.T.tolist()
    axes.scatter(x, y, marker="^", s=46, facecolor="white", edgecolor=VERMILLION, label="questions", zorder=3)
    axes.margins(AROUND)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2, handletextpad=0.2)


def write_titles(axes: Axes, points: Float[Tensor, "M 2"], titles: Sequence[str]) -> None:
    """Beside the last of the points, each at the first of PLACES where it touches no point and no other title."""
    scale = 72 / axes.figure.dpi
    at = [(x * scale, y * scale) for x, y in axes.transData.transform(points.tolist()).tolist()]
    taken = [(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in at]
    first = len(points) - len(titles)
    for title, centre, (x, y) in zip(titles, at[first:], points[first:].tolist(), strict=True):
        boxes = [title_box(centre, title, place) for place in PLACES]
        free = [
            n for n, box in enumerate(boxes) if box[2] < 72 * WIDTH and not any(touch(box, other) for other in taken)
        ]
        chosen = free[0] if free else 0
        taken.append(boxes[chosen])
        (dx, dy), side = PLACES[chosen]
        axes.annotate(title, (x, y), (dx, dy), textcoords="offset points", ha=side, va="center", fontsize=SMALL)


def title_box(at: tuple[float, float], title: str, place: Place) -> Box:
    """(left, bottom, right, top) in points."""
    (dx, dy), side = place
    long = inches(title, SMALL) * 72
    left = at[0] + dx - {"left": 0.0, "center": long / 2, "right": long}[side]
    return left, at[1] + dy - SMALL / 2, left + long, at[1] + dy + SMALL / 2


def touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def describe_map(questions: int, passages: int, explained: Sequence[float]) -> str:
    return (
        f"Map of {plural(questions, 'question')} and {plural(passages, 'passage')} on two principal components, "
        f"which hold {sum(explained):.0%} of the variance."
    )
