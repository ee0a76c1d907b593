"""Whoever multiplies: the product, with its activation and its gradients, is the one that torch computes in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from minirag.model import linear as module
from minirag.model.bert import BertEncoder
from minirag.model.linear import Linear, activation, is_fast, onednn_is_faster, product
from tests.model.networks import bart, bert_config, ragged_ids

NAMES = [None, "gelu", "gelu_new", "relu"]


@pytest.fixture(autouse=True)
def small_ones_too(monkeypatch):
    monkeypatch.setattr(module, "FEWEST_NUMBERS", 1)
    monkeypatch.setattr(module, "FEWEST_ROWS", 1)


def asked(step) -> int:
    """How often oneDNN was asked."""
    counted = {torch.ops.mkldnn._linear_pointwise: lambda *shapes, **named: 1}
    with FlopCounterMode(display=False, custom_mapping=counted) as counter:
        step()
    return sum(count for op, count in counter.get_flop_counts()["Global"].items() if "mkldnn" in str(op))


def exact(layer: Linear, x: torch.Tensor, name: str | None) -> torch.Tensor:
    y = x.double() @ layer.weight.double().mT + (0 if layer.bias is None else layer.bias.double())
    return y if name is None else activation(name, y)


def layer_and_rows(shape, out, bias, seed) -> tuple[Linear, torch.Tensor]:
    torch.manual_seed(seed)
    return Linear(shape[-1], out, bias=bias), torch.randn(*shape)


shapes = st.lists(st.integers(1, 9), min_size=2, max_size=4)


@given(shapes, st.integers(1, 9), st.booleans(), st.sampled_from(NAMES), st.integers(0, 99))
def test_a_product_of_onednn_is_the_product(shape, out, bias, name, seed):
    layer, x = layer_and_rows(shape, out, bias, seed)
    with torch.no_grad():
        assert onednn_is_faster(x, layer.weight)
        ours = product(x, layer.weight, layer.bias, name)
    torch.testing.assert_close(ours.double(), exact(layer, x, name), atol=1e-5, rtol=1e-5)


@given(shapes, st.integers(1, 9), st.booleans(), st.sampled_from([True, False]), st.integers(0, 99))
def test_its_gradients_are_those_of_torch(shape, out, bias, frozen, seed):
    layer, x = layer_and_rows(shape, out, bias, seed)
    x.requires_grad_()
    layer.weight.requires_grad_(not frozen)
    leaves = [x, *(parameter for parameter in layer.parameters() if parameter.requires_grad)]
    y, right = layer(x), exact(layer, x, None)
    assert type(y.grad_fn).__name__ == "ProductBackward"
    g = torch.randn_like(y)
    for mine, expected in zip(
        torch.autograd.grad(y, leaves, g), torch.autograd.grad(right, leaves, g.double()), strict=True
    ):
        torch.testing.assert_close(mine, expected, atol=1e-5, rtol=1e-5)


def test_a_matrix_is_read_column_by_column_too():
    x, matrix = torch.randn(5, 8), torch.randn(8, 3).mT
    with torch.no_grad():
        assert asked(lambda: torch.testing.assert_close(product(x, matrix, None), x @ matrix.mT)) == 1


def test_bfloat16_is_multiplied_where_the_processor_knows_it():
    layer, x = layer_and_rows((6, 32), 16, True, 0)
    layer, x = layer.bfloat16(), x.bfloat16()
    with torch.no_grad():
        assert onednn_is_faster(x, layer.weight) == is_fast(torch.bfloat16)
        ours = layer.activated(x, "gelu")
    torch.testing.assert_close(ours.double(), exact(layer, x, "gelu"), atol=1e-2, rtol=1e-2)  # rounded to 8 bits


@pytest.mark.parametrize("case", ["double", "other format", "few numbers", "few rows", "autocast", "elsewhere"])
def test_what_onednn_is_not_asked_for_is_left_to_torch(case, monkeypatch):
    layer, x = layer_and_rows((6, 8), 4, True, 0)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=case == "autocast"):
        if case == "double":
            layer, x = layer.double(), x.double()
        if case == "few numbers":
            monkeypatch.setattr(module, "FEWEST_NUMBERS", 33)
        if case == "few rows":
            monkeypatch.setattr(module, "FEWEST_ROWS", 7)
        if case == "elsewhere":
            layer, x = layer.to("meta"), x.to("meta")
        if case == "other format":
            x = x.bfloat16()
            assert not onednn_is_faster(x, layer.weight)
        else:
            assert asked(lambda: layer(x)) == 0


def test_a_layer_with_and_without_a_gradient_says_the_same():
    layer, x = layer_and_rows((6, 8), 4, True, 0)
    with torch.no_grad():
        plain = layer(x)
    torch.testing.assert_close(layer(x).detach(), plain)


def test_an_encoder_asks_onednn_for_each_product_and_for_the_activation():
    encoder, (ids, mask) = BertEncoder(bert_config()).eval(), ragged_ids([4, 2], seed=0)
    given_mask = mask
    with torch.no_grad():
        fast: list[torch.Tensor] = []
        products = asked(lambda: fast.append(encoder(ids, given_mask).last_hidden_state))
        assert products == 6 * len(encoder.layers)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "FEWEST_NUMBERS", 10**9)
            plain = encoder(ids, given_mask).last_hidden_state
    torch.testing.assert_close(fast[0], plain, atol=1e-5, rtol=1e-5)


def test_a_training_step_of_bart_has_the_gradients_of_torch():
    model = bart()
    ids, mask = ragged_ids([4, 6], seed=0)
    labels, _ = ragged_ids([3, 5], seed=1)

    def gradients() -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad(model(ids, mask, labels=labels).loss, list(model.parameters()))

    fast: list[tuple[torch.Tensor, ...]] = []
    assert asked(lambda: fast.append(gradients())) > 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEWEST_NUMBERS", 10**9)
        plain = gradients()
    for ours, expected in zip(fast[0], plain, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)
