"""Attention: a panel per head, the cells are the weights."""

import pytest
import torch

from minirag.plots import alt_text, attention_map, cross_attention_map
from tests.plots.figures import texts


def weights(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).softmax(dim=-1)


def panels(figure):
    return [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 8])
def test_each_panel_is_one_head_and_its_first_row_is_at_the_top(heads):
    table = weights(heads, 3, 4)
    drawn = panels(attention_map(table, list("abc"), list("wxyz")))
    assert [axes.collections[0].get_array().tolist() for axes in drawn] == table.tolist()
    for axes in drawn:
        bottom, top = axes.get_ylim()
        assert bottom > top
    assert [axes.get_title(loc="left") for axes in drawn] == (
        [f"head {h}" for h in range(heads)] if heads > 1 else [""]
    )


def test_one_head_may_come_without_its_axis():
    table = weights(3, 4)
    (axes,) = panels(attention_map(table, list("abc"), list("wxyz")))
    assert axes.collections[0].get_array().tolist() == table.tolist()


def test_cross_attention_has_the_source_down_the_page():
    table = weights(2, 3, 40)
    figure = cross_attention_map(table, list("abc"), [f"s{s}" for s in range(40)])
    drawn = panels(figure)
    assert [axes.collections[0].get_array().tolist() for axes in drawn] == table.mT.tolist()
    assert [label.get_text() for label in drawn[0].get_yticklabels()] == [f"s{s}" for s in range(40)]
    assert {"source token", "answer token", "attention weight", "head 1"} <= set(texts(figure))


def test_all_heads_share_one_scale_which_ends_at_the_largest_weight():
    table = weights(2, 3, 4)
    assert {axes.collections[0].get_clim() for axes in panels(attention_map(table, list("abc"), list("wxyz")))} == {
        (0.0, table.max().item())
    }


def test_the_words_say_who_looks_where_most():
    table = torch.zeros(2, 2, 2)
    table[1, 0, 1] = 0.75
    assert alt_text(attention_map(table, ["the", " cat"], ["the", " cat"])) == (
        "Attention of 2 heads from 2 tokens to 2 tokens; the largest weight, 0.75, goes from 'the' to 'cat' in head 1."
    )
