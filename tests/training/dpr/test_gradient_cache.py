"""The gradient of a batch in chunks is that of the whole batch, dropout included; and one graph is alive at a time."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from minirag.training.dpr.gradient_cache import backward
from minirag.training.dpr.objective import dpr_loss


class Encoder(nn.Module):
    """Small, with dropout; counts the graphs it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 3))
        self.graphs: list[bool] = []

    def chunks(self, rows: torch.Tensor, size: int) -> list:
        return [lambda part=part: self.encode(part) for part in rows.split(size)]

    def encode(self, part: torch.Tensor) -> torch.Tensor:
        self.graphs.append(torch.is_grad_enabled())
        return self.layers(part)


def gradient(encoder: Encoder, size: int, cached: bool, questions: torch.Tensor, passages: torch.Tensor):
    encoder.zero_grad()
    torch.manual_seed(7)
    loss = backward(encoder.chunks(questions, size), encoder.chunks(passages, size), dpr_loss, cached)
    return loss, [parameter.grad.clone() for parameter in encoder.parameters()], torch.get_rng_state()


def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(6, 5, generator=generator), torch.randn(9, 5, generator=generator)


@given(st.integers(1, 9), st.integers(0, 30))
def test_the_cached_gradient_is_the_gradient_with_the_same_dropout(size, seed):
    encoder, rows = Encoder(), batch(seed)
    loss, expected, state = gradient(encoder, size, False, *rows)
    cached_loss, got, state_after = gradient(encoder, size, True, *rows)
    assert cached_loss == loss
    assert torch.equal(state, state_after)  # the next step draws what it would have drawn
    for mine, its in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, its)


@given(st.integers(1, 9), st.integers(0, 30))
def test_without_dropout_the_chunks_make_no_difference_to_plain_autograd(size, seed):
    encoder, (questions, passages) = Encoder().eval(), batch(seed)
    _, got, _ = gradient(encoder, size, True, questions, passages)
    encoder.zero_grad()
    dpr_loss(encoder.layers(questions), encoder.layers(passages)).backward()
    for mine, parameter in zip(got, encoder.parameters(), strict=True):
        torch.testing.assert_close(mine, parameter.grad)


def test_gradients_are_added_to_those_that_are_there():
    encoder, rows = Encoder(), batch(0)
    _, once, _ = gradient(encoder, 4, True, *rows)
    torch.manual_seed(7)
    backward(encoder.chunks(rows[0], 4), encoder.chunks(rows[1], 4), dpr_loss, True)
    for mine, parameter in zip(once, encoder.parameters(), strict=True):
        torch.testing.assert_close(2 * mine, parameter.grad)


@pytest.mark.parametrize(("cached", "expected"), [(True, [False] * 5 + [True] * 5), (False, [True] * 5)])
def test_every_chunk_is_encoded_without_a_graph_before_any_is_encoded_with_one(cached, expected):
    encoder, rows = Encoder(), batch(0)
    gradient(encoder, 3, cached, *rows)
    assert encoder.graphs == expected
