"""A bar is as long as the answer is likely, and its filled part is what fast decoding sees."""

import pytest
import torch
from matplotlib.patches import Rectangle

from minirag.plots import alt_text, candidate_bars
from tests.plots.figures import HOSTILE, texts

PARTS, PROPOSED = [[0.2, 0.0], [0.175, 0.12], [0.125, 0.15], [0.0, 0.23]], [[1, 0], [1, 0], [0, 1], [0, 1]]
ANSWERS, TITLES = ["Paris", "Lyon", "Nice", "Lille"], ["left", "right"]


def lengths(figure, filled: bool) -> list[float]:
    """By candidate."""
    found = [0.0] * len(ANSWERS)
    for bar in figure.axes[0].findobj(Rectangle):
        if bar.get_width() > 0 and bar.get_height() < 1 and (bar.get_hatch() is None) == filled:
            found[round(bar.get_y() + bar.get_height() / 2)] += bar.get_width()
    return found


def test_whole_bars_are_the_thorough_scores_and_filled_ones_the_fast_scores():
    figure = candidate_bars(PARTS, PROPOSED, ANSWERS, TITLES)
    parts, proposed = torch.tensor(PARTS), torch.tensor(PROPOSED)
    assert lengths(figure, filled=True) == pytest.approx((parts * proposed).sum(dim=1).tolist())
    assert lengths(figure, filled=False) == pytest.approx((parts * (1 - proposed)).sum(dim=1).tolist())
    assert {*ANSWERS, *TITLES, " 0.295"} <= set(texts(figure))


def test_the_words_say_who_wins_either_way():
    assert alt_text(candidate_bars(PARTS, PROPOSED, ANSWERS, TITLES)) == (
        "Bars of 4 candidates; thorough decoding picks Lyon with 0.295, fast decoding Lille with 0.230."
    )


@pytest.mark.parametrize(
    ("parts", "proposed", "answers", "message"),
    [
        (PARTS, PROPOSED[:3], ANSWERS, "proposed"),
        (PARTS, [[1], [1], [1], [1]], ANSWERS, "proposed"),
        (PARTS, PROPOSED, ANSWERS[:3], "answers"),
        ([[2.0, 0.0]] * 4, PROPOSED, ANSWERS, "not from 0 to 1"),
    ],
)
def test_what_cannot_be_drawn_is_named(parts, proposed, answers, message):
    with pytest.raises(ValueError, match=message):
        candidate_bars(parts, proposed, answers, TITLES)


@pytest.mark.parametrize("text", HOSTILE)
def test_any_answer_and_title_is_drawn_as_text(text):
    assert texts(candidate_bars([[0.5, 0.1]], [[1, 1]], [text], [text, "other"]))
