"""Lines go through the numbers that were handed in."""

import pytest
import torch

from minirag.plots import alt_text, exact_match_curve, loss_curve, recall_curve
from tests.plots.figures import texts

RATES = {"DPR": [0.5, 0.75, 1.0], "BM25": [0.25, 0.5, 0.5]}


def drawn(figure) -> dict[str, list[tuple[float, float]]]:
    return {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in figure.axes[0].lines}


@pytest.mark.parametrize("curve", [recall_curve, exact_match_curve])
def test_rates_are_drawn_in_per_cent_over_their_places(curve):
    figure = curve(RATES, [1, 5, 100])
    assert drawn(figure) == {
        name: [(k, 100 * rate) for k, rate in zip([1, 5, 100], rates, strict=True)] for name, rates in RATES.items()
    }
    assert {"1", "5", "100", "DPR", "BM25"} <= set(texts(figure))


def test_places_far_apart_stand_on_a_log_scale():
    assert recall_curve(RATES, [1, 5, 100]).axes[0].get_xscale() == "log"
    assert recall_curve(RATES, [1, 2, 5]).axes[0].get_xscale() == "linear"


def test_losses_are_drawn_at_their_steps():
    losses = torch.rand(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert drawn(loss_curve({"run": losses}))["run"] == list(zip(range(1, 201), losses.tolist(), strict=True))
    assert drawn(loss_curve({"run": losses[:2]}, [10, 20]))["run"] == [(10, losses[0]), (20, losses[1])]


def test_the_axes_have_their_units():
    assert "recall@k (% of questions)" in texts(recall_curve(RATES, [1, 2, 3]))
    assert "loss (bits)" in texts(loss_curve({"run": [1.0, 0.5]}, unit="bits"))


def test_the_words_give_both_ends_of_every_line():
    assert alt_text(recall_curve(RATES, [1, 5, 100])) == (
        "recall@k (% of questions) against k, passages retrieved. DPR: 50.0 % at 1, 100.0 % at 100; "
        "BM25: 25.0 % at 1, 50.0 % at 100."
    )
