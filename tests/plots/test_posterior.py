"""Fig. 2: the cells are the numbers that were handed in, and so are the words."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.plots import alt_text, token_posterior
from tests.plots.figures import POSTERIOR, TITLES, TOKENS, texts


def cells(figure) -> list[list[float]]:
    return figure.axes[0].collections[0].get_array().tolist()


def tick_labels(figure) -> tuple[list[str], list[str]]:
    axes = figure.axes[0]
    return [t.get_text() for t in axes.get_xticklabels()], [t.get_text() for t in axes.get_yticklabels()]


@settings(max_examples=10)
@given(K=st.integers(1, 6), T=st.integers(1, 20), seed=st.integers(0, 99))
def test_the_cells_are_the_posterior(K, T, seed):
    posterior = torch.rand(K, T, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).softmax(dim=0)
    figure = token_posterior(posterior, [f"t{t}" for t in range(T)], [f"z{k}" for k in range(K)])
    assert cells(figure) == posterior.tolist()
    assert tick_labels(figure) == ([f"t{t}" for t in range(T)], [f"z{k}" for k in range(K)])


def test_the_first_passage_is_at_the_top_and_the_first_token_on_the_left():
    axes = token_posterior(POSTERIOR, TOKENS, TITLES).axes[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert left < 0 < right
    assert bottom > 1 > 0 > top


def test_cells_with_room_have_their_numbers_and_others_a_scale():
    few, many = token_posterior(POSTERIOR, TOKENS, TITLES), token_posterior([[1.0] * 20], ["token"] * 20, ["z"])
    assert {"0.90", "0.80", "0.30", "0.10", "0.20", "0.70"} <= set(texts(few))
    assert len(few.axes) == 1
    assert len(many.axes) == 2
    assert "posterior probability of the passage" in texts(many)


def test_many_tokens_widen_the_figure_so_that_their_labels_do_not_touch():
    figure = token_posterior([[1.0] * 60], [f"token{t}" for t in range(60)], ["z"])
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(one.x1 <= other.x0 for one, other in pairwise(boxes))


def test_of_many_passages_the_probable_ones_are_drawn_and_the_others_add_up():
    posterior = torch.full((100, 2), 0.1 / 98, dtype=torch.float64)
    posterior[90], posterior[3] = torch.tensor([0.6, 0.3]), torch.tensor([0.3, 0.6])
    figure = token_posterior(posterior, ["a", "b"], [f"z{k}" for k in range(100)])
    rows = tick_labels(figure)[1]
    assert len(rows) == 20
    assert rows.index("z3") < rows.index("z90") < rows.index("81 others together")
    assert torch.allclose(torch.tensor(cells(figure)).sum(dim=0), torch.ones(2))


def test_the_words_name_who_holds_the_tokens():
    assert alt_text(token_posterior([[0.97, 0.999], [0.03, 0.001]], TOKENS[:2], TITLES)) == (
        "Heat map of 2 passages by 2 tokens; Mongolia holds 0.97 or more of every token."
    )
    assert alt_text(token_posterior(POSTERIOR, TOKENS, TITLES)) == (
        "Heat map of 2 passages by 3 tokens; Mongolia holds 0.80 or more of 2 of 3 tokens; "
        "Gambia holds 0.70 or more of 1 of 3 tokens."
    )


def test_the_words_never_say_more_than_there_is():
    assert "0.99 or more" in alt_text(token_posterior([[0.9999], [0.0001]], ["a"], TITLES))
    assert "holds 1.00 of every token" in alt_text(token_posterior([[1.0], [0.0]], ["a"], TITLES))


@pytest.mark.parametrize("token", ["W" * 24, "▯" * 24, "\U00013000" * 24, "蒙" * 12])
def test_wide_letters_leave_the_heat_map_its_room(token):
    """matplotlib warns, and warnings are errors here, where labels take all of a figure."""
    assert token_posterior([[1.0] * 4], [token] * 4, ["a"]).axes[0].get_position().height > 0.05
