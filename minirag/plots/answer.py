"""Why was this answered? Fig. 2 for one's own question, above the prior and posterior of each passage.

Paper     RAG Fig. 2
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/plots/test_answer.py, tests/cli/test_ask_plot.py

Axes: K passages, T answer tokens.
"""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from minirag.plots.belief import bars_height, describe_bars, draw_bars
from minirag.plots.cells import figure_width
from minirag.plots.posterior import describe_token_posterior, draw_token_posterior, fold, heat_map_height
from minirag.plots.shapes import check_count, shares
from minirag.plots.style import WIDTH, new_figure
from minirag.plots.words import distinct, drawable, pieces, short, width

LINE, LINES = 52, 3  # characters in a line of the heading, and lines of it for the question
LINE_HEIGHT = 0.2  # inches


def answer_figure(
    question: str,
    answer: str,
    logprob: float,
    titles: Sequence[str],
    prior: Float[Tensor, " K"] | Sequence[float],
    posterior: Float[Tensor, " K"] | Sequence[float],
    tokens: Sequence[str],
    token_posterior: Float[Tensor, "K T"] | Sequence[Any],
) -> Figure:
    """The fields of an `Answer` (minirag/answer.py) in one picture. An answer without a token has bars only.

    ValueError: shapes that do not go together, a value that is no probability.
    """
    before, after = shares("prior", prior, "K"), shares("posterior", posterior, "K")
    check_count("titles", titles, len(before), "entry of prior")
    check_count("posterior", after.tolist(), len(before), "entry of prior")
    table = torch.stack([before, after], dim=1)  # (K, 2)
    if len(tokens):
        by_token = shares("token_posterior", token_posterior, "K T")
        check_count("token_posterior", by_token.tolist(), len(before), "entry of prior")
        check_count("tokens", tokens, by_token.shape[1], "column of token_posterior")
        table = torch.cat([table, by_token], dim=1)  # (K, 2 + T)
    return draw_answer(question, said(answer, logprob), distinct(titles), tokens, table)


def draw_answer(
    question: str, answer: str, titles: Sequence[str], tokens: Sequence[str], table: Float[Tensor, "K C"]
) -> Figure:
    """Columns of `table`: prior, posterior, and the posterior at each token."""
    folded, rows = fold(table, titles)
    columns = pieces(tokens)
    above = heading(question, answer)
    heights = [heat_map_height(rows, columns)] if columns else []
    heights.append(bars_height(rows))
    total = sum(heights) + LINE_HEIGHT * (above.count("\n") + 2)
    with new_figure(total, figure_width(rows, columns) if columns else WIDTH) as figure:
        figure.suptitle(above, x=0.02, ha="left")
        *upper, lower = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes in upper:
            draw_token_posterior(figure, axes, folded[:, 2:], columns, rows)
        draw_bars(lower, folded[:, :2], rows)
        figure.set_label(describe_answer(question, answer, titles, table))
    return figure


def said(answer: str, logprob: float) -> str:
    """The answer with its probability, which stays in sight where the answer is cut."""
    return f"{short(answer, LINE - 24) or '(an empty answer)'} (probability {math.exp(logprob):.2g})"


def heading(question: str, answer: str) -> str:
    """The question in a few lines, the answer in one more."""
    line = short(question, LINE * LINES - 8)
    letters = LINE * len(line) // max(width(line), 1)  # in a line: half as many where they are wide
    asked = textwrap.wrap(drawable(line), max(letters, 1))
    return "\n".join([*asked, f"→  {drawable(short(answer, LINE - 4))}"])


def describe_answer(question: str, answer: str, titles: Sequence[str], table: Float[Tensor, "K C"]) -> str:
    told = f"Question: {short(question, 200)} Answer: {short(answer, 200)}."
    maps = [describe_token_posterior(table[:, 2:], titles)] if table.shape[1] > 2 else []
    return " ".join([told, *maps, describe_bars(table[:, :2], titles)])
