"""One figure of every kind, small, and what stands in a figure."""

from collections.abc import Callable

import torch
from matplotlib.figure import Figure
from matplotlib.text import Text

TITLES, TOKENS = ["Mongolia", "Gambia"], [" U", "laan", " baatar"]
POSTERIOR = [[0.9, 0.8, 0.3], [0.1, 0.2, 0.7]]
HOSTILE = [
    "$x^2$",
    "$\\frac{",
    "a\nb\x00\x1b[2J\u202e",
    "half \ud83d",
    "蒙古国",
    "ما هي",
    "👩‍🔬 ☢️",
    "_private",
    "",
    " ",
    "{}",
    "%s \\",
    "<svg onload=1>&amp;",
    "word " * 99,
]


def texts(figure: Figure) -> list[str]:
    """Every visible text that is not empty."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def every_kind(titles: list[str], tokens: list[str]) -> dict[str, Figure]:
    """K titles, T tokens, the same text wherever text goes."""
    from minirag import plots

    K, T = len(titles), len(tokens)
    share, even = 1 / K, torch.full((K, T), 1 / K)
    lines = {title: [0.5, 0.6] for title in titles}
    makers: dict[str, Callable[[], Figure]] = {
        "answer": lambda: plots.answer_figure(
            titles[0], titles[-1], -0.1, titles, [share] * K, [share] * K, tokens, even
        ),
        "posterior": lambda: plots.token_posterior(even, tokens, titles),
        "belief": lambda: plots.prior_and_posterior([share] * K, [share] * K, titles),
        "table": lambda: plots.likelihood_table([-1.0] * K, even.log(), tokens, titles),
        "attention": lambda: plots.attention_map(torch.full((3, T, T), 1 / T), tokens, tokens),
        "cross-attention": lambda: plots.cross_attention_map(even, titles, tokens),
        "embeddings": lambda: plots.embedding_map([[0.0, 1.0]], torch.eye(max(K, 2))[:K, :2] * 3, [0], titles),
        "recall": lambda: plots.recall_curve(lines, [1, 5]),
        "exact match": lambda: plots.exact_match_curve(lines, [1, 5]),
        "loss": lambda: plots.loss_curve(lines),
        "collapse": lambda: plots.retriever_collapse([0, 10], [0.9, 0.1], [0.2, 1.0], 5),
    }
    return {kind: make() for kind, make in makers.items()}
