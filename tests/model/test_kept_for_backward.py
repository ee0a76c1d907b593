"""Less is kept for backward, and the gradients are those that torch computes from everything."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from minirag.model.kept_for_backward import PARTS, ActivatedProduct, Dropout, kept
from minirag.model.linear import activation

names = st.sampled_from(["gelu", "gelu_new", "relu"])


def test_gelu_is_the_exact_one_and_gelu_new_its_approximation():
    x = torch.tensor([1.0])
    assert math.isclose(activation("gelu", x).item(), 0.5 * (1 + math.erf(1 / math.sqrt(2))), rel_tol=1e-6)
    assert activation("gelu_new", x).item() != activation("gelu", x).item()
    assert activation("relu", torch.tensor([-1.0])).item() == 0.0


def activated_product(name: str, u: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    return ActivatedProduct.apply(name, u, layer.weight, layer.bias)


def layer_and_input(inputs: int, outputs: int, shape: list[int], seed: int) -> tuple[nn.Linear, torch.Tensor]:
    torch.manual_seed(seed)
    layer = nn.Linear(inputs, outputs).double()
    return layer, torch.randn(*shape, inputs, dtype=torch.float64, requires_grad=True)


@given(
    names,
    st.integers(1, 5),
    st.integers(1, 5),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.booleans(),
    st.integers(0, 99),
)
def test_an_activated_product_and_its_gradients_are_those_of_two_steps(name, inputs, outputs, shape, frozen, seed):
    layer, u = layer_and_input(inputs, outputs, shape, seed)
    layer.weight.requires_grad_(not frozen)
    leaves = [u, layer.bias] + ([] if frozen else [layer.weight])
    ours, plain = activated_product(name, u, layer), layer(activation(name, u))
    torch.testing.assert_close(ours, plain)
    g = torch.randn_like(plain)
    for mine, expected in zip(torch.autograd.grad(ours, leaves, g), torch.autograd.grad(plain, leaves, g), strict=True):
        torch.testing.assert_close(mine, expected)


def test_gradients_of_an_activated_product_in_bfloat16_are_as_near_as_those_of_two_steps():
    layer, u = layer_and_input(64, 32, [7], seed=0)
    layer, u = layer.float(), u.detach().float()
    exact, ours, plain = [], [], []
    for made, step, low in (
        (exact, lambda x: layer(activation("gelu", x)), False),
        (ours, lambda x: activated_product("gelu", x, layer), True),
        (plain, lambda x: layer(activation("gelu", x)), True),
    ):
        leaf = u.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            y = step(leaf.bfloat16() if low else leaf)
        made += torch.autograd.grad(y.float().square().sum(), [leaf, layer.weight, layer.bias])
    for mine, torchs, right in zip(ours, plain, exact, strict=True):
        assert mine.dtype == right.dtype
        assert (mine - right).norm() <= 1.5 * (torchs - right).norm()  # both are rounded, here and there differently


def bytes_kept(step, x: torch.Tensor) -> int:
    """Without parameters, which are there anyway."""
    tensors = {}

    def remember(tensor: torch.Tensor) -> torch.Tensor:
        if not isinstance(tensor, nn.Parameter) and not isinstance(tensor._base, nn.Parameter):
            tensors[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with saved_tensors_hooks(remember, lambda tensor: tensor):
        y = step(x)
    assert y.requires_grad
    return sum(tensors.values())


def test_of_an_activated_product_one_wide_tensor_is_kept_instead_of_two():
    layer, x = nn.Linear(64, 16), torch.randn(100, 64)
    u = x.requires_grad_() * 1.0
    assert bytes_kept(lambda u: activated_product("gelu", u, layer), u) == u.nbytes
    assert bytes_kept(lambda u: layer(activation("gelu", u)), u) == 2 * u.nbytes


def test_of_dropout_a_byte_for_each_number_is_kept_instead_of_four():
    x = torch.randn(100, 64, requires_grad=True) * 1.0
    ours, theirs = Dropout(0.1).train(), nn.Dropout(0.1).train()
    assert bytes_kept(ours, x) == x.numel()
    assert bytes_kept(theirs, x) == 4 * x.numel()


@given(st.sampled_from([0.05, 0.1, 0.5, 0.9]), st.integers(0, 9))
def test_dropout_drops_with_its_chance_and_keeps_the_mean(p, seed):
    torch.manual_seed(seed)
    y = Dropout(p).train()(torch.ones(200, 500))
    assert set(y.unique().tolist()) == {0.0, y.max().item()}
    share = (y == 0).double().mean().item()
    assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / y.numel())
    assert y.max().item() == pytest.approx(PARTS / (PARTS - round(p * PARTS)))
    torch.testing.assert_close(y.max().item(), 1 / (1 - p), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("numbers", [1, 2, 3, 4, 5, 7])
def test_every_place_is_dropped_as_often_as_every_other(numbers):
    """Four numbers share a draw: none of its quarters is another one's copy, and none is preferred."""
    torch.manual_seed(0)
    kept_there = torch.stack([kept(torch.Size([numbers]), PARTS // 4) for _ in range(4000)]).double()
    assert ((kept_there.mean(dim=0) - 0.75).abs() < 0.035).all()
    if numbers > 1:
        together = torch.corrcoef(kept_there.T) - torch.eye(numbers, dtype=torch.float64)
        assert together.abs().max() < 0.08


def test_the_gradient_of_dropout_is_its_mask():
    x = torch.randn(50, 30, dtype=torch.float64, requires_grad=True)
    y = Dropout(0.3).train()(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(gradient * x, y)


@pytest.mark.parametrize("p", [0.0, 1.0, 0.2])
def test_nothing_is_dropped_outside_of_training_and_everything_with_a_chance_of_one(p):
    x, dropout = torch.randn(5, 4), Dropout(p)
    assert dropout.eval()(x) is x
    if p == 1.0:
        assert (dropout.train()(x) == 0).all()
    if p == 0.0:
        assert dropout.train()(x) is x


def test_a_layer_that_is_computed_again_drops_the_same_numbers():
    x, dropout = torch.randn(40, 8, requires_grad=True), Dropout(0.5).train()
    y = checkpoint(lambda x: dropout(x) * 2.0, x, use_reentrant=False)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(gradient * x, y)
