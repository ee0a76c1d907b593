"""A batch in parts gives the gradient of the whole batch."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from minirag.training.accumulation import accumulate, in_one_part

CPU = torch.device("cpu")


def rows_and_model() -> tuple[torch.Tensor, nn.Module]:
    torch.manual_seed(0)
    return torch.randn(12, 3, dtype=torch.float64), nn.Linear(3, 1).double()


@given(st.lists(st.integers(1, 11), unique=True, max_size=6))
def test_however_a_batch_is_cut_its_gradient_is_the_same(cuts):
    rows, model = rows_and_model()
    whole = in_one_part(lambda step: model(rows).square().sum() / 12, CPU, bf16=False)(0)
    expected = model.weight.grad.clone()
    model.zero_grad()
    places = [0, *sorted(cuts), 12]
    parts = [rows[start:end] for start, end in pairwise(places)]
    total = accumulate([lambda part=part: model(part).square().sum() / 12 for part in parts], CPU, bf16=False)
    assert total == pytest.approx(whole)
    assert torch.allclose(model.weight.grad, expected, rtol=1e-12)


def test_a_part_is_gone_before_the_next_one_is_computed():
    weight, order = torch.ones((), requires_grad=True), []
    weight.register_hook(lambda gradient: order.append("backward"))

    def part() -> torch.Tensor:
        order.append("forward")
        return weight * 2

    assert accumulate([part, part], CPU, bf16=False) == 4.0
    assert order == ["forward", "backward"] * 2


def test_bf16_is_for_the_forward_pass_and_the_gradient_stays_float32():
    model, seen = nn.Linear(4, 4), []

    def loss() -> torch.Tensor:
        y = model(torch.ones(1, 4))
        seen.append(y.dtype)
        return y.float().sum()

    accumulate([loss], CPU, bf16=True)
    assert seen == [torch.bfloat16] and model.weight.grad.dtype == torch.float32
