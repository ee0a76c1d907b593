"""How good is it, and how did it get there? Rates and losses as lines.

Paper     RAG Fig. 3 (n_docs against exact match and recall), DPR §5 (top-k accuracy)
Tutorial  tutorials/10_retriever.py, tutorials/18_evaluation_and_ablations.py
Tests     tests/plots/test_curves.py

Each function takes named lines: {"BM25": [0.61, 0.83], "DPR": [0.78, 0.92]}.
"""

from collections.abc import Callable, Mapping, Sequence

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from torch import Tensor

from minirag.plots.shapes import check_count, check_rising, numbers, shares
from minirag.plots.style import new_figure, series_style
from minirag.plots.words import drawable, short

Line = Float[Tensor, " P"] | Sequence[float]
HEIGHT = 3.1  # inches
FEW = 8  # places that are written out one by one


def recall_curve(recall: Mapping[str, Line], ks: Sequence[int]) -> Figure:
    """recall@k: of all questions, the share whose gold passage is among the first k. A line for each retriever.

    ValueError: no line, a line of another length than ks, a share outside 0 to 1, ks that do not rise from 1 or more.
    """
    return rate_curve(("recall", "ks"), recall, ks, ("k, passages retrieved", "recall@k (% of questions)"))


def exact_match_curve(exact_match: Mapping[str, Line], n_docs: Sequence[int]) -> Figure:
    """Exact match against the number of passages that are read (RAG Fig. 3). A line for each model.

    ValueError as in `recall_curve`.
    """
    return rate_curve(
        ("exact_match", "n_docs"), exact_match, n_docs, ("n_docs, passages read", "exact match (% of questions)")
    )


def loss_curve(losses: Mapping[str, Line], steps: Sequence[int] | None = None, unit: str = "nats per answer") -> Figure:
    """Loss after each step. `steps` are 1, 2, 3, … unless given. A line for each run.

    ValueError: no line, a loss that is not finite, lines of different lengths, steps that do not rise from 1 or more.
    """
    lines = {name: numbers(f"losses[{name!r}]", line, "P") for name, line in losses.items()}
    for name, line in lines.items():
        if not line.isfinite().all():
            raise ValueError(f"losses[{name!r}] is not finite")
    places = list(range(1, 1 + max(map(len, lines.values()), default=0)) if steps is None else steps)
    return draw_lines(("losses", "steps"), lines, places, ("training step", f"loss ({unit})"), "{:.2f}".format)


def rate_curve(
    arguments: tuple[str, str], rates: Mapping[str, Line], places: Sequence[int], axis_names: tuple[str, str]
) -> Figure:
    """Shares, drawn in per cent."""
    lines = {name: 100 * shares(f"{arguments[0]}[{name!r}]", line, "P") for name, line in rates.items()}
    return draw_lines(arguments, lines, places, axis_names, "{:.1f} %".format)


def draw_lines(
    arguments: tuple[str, str],
    lines: Mapping[str, Float[Tensor, " P"]],
    places: Sequence[int],
    axis_names: tuple[str, str],
    write: Callable[[float], str],
) -> Figure:
    """All lines over the same places. `arguments`: what the caller calls lines and places."""
    check_lines(*arguments, lines, places)
    with new_figure(HEIGHT) as figure:
        axes = figure.subplots()
        for number, (name, line) in enumerate(lines.items()):
            label = drawable(short(name)).lstrip("_")  # matplotlib leaves a name with "_" in front out of the legend
            axes.plot(places, line.tolist(), label=label, **series_style(number, len(places)))
        set_places(axes, places)
        axes.set_xlabel(axis_names[0])
        axes.set_ylabel(axis_names[1])
        axes.grid(axis="y")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
        told = "; ".join(describe_line(name, line, places, write) for name, line in lines.items())
        figure.set_label(f"{axis_names[1]} against {axis_names[0]}. {told}.")
    return figure


def set_places(axes: Axes, places: Sequence[int]) -> None:
    """A tick at every place where there are few; on a log scale if the last is far from the first."""
    if len(places) > FEW:
        return
    if places[-1] >= 20 * places[0]:
        axes.set_xscale("log")
    axes.set_xticks(places, labels=[str(place) for place in places])
    axes.xaxis.set_minor_locator(NullLocator())


def check_lines(argument: str, axis: str, lines: Mapping[str, Float[Tensor, " P"]], places: Sequence[int]) -> None:
    if not lines:
        raise ValueError(f"{argument} has no line to draw")
    check_rising(axis, places, 1)
    for name, line in lines.items():
        check_count(f"{argument}[{name!r}]", line.tolist(), len(places), f"entry of {axis}")


def describe_line(name: str, line: Float[Tensor, " P"], places: Sequence[int], write: Callable[[float], str]) -> str:
    """Where it starts and where it ends."""
    first, last = (write(line[end].item()) for end in (0, -1))
    return f"{short(name, 40)}: {first} at {places[0]}, {last} at {places[-1]}"
