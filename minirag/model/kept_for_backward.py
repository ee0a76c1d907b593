"""What does a layer keep until its gradient is computed? As little as gives the same gradient.

Paper     Srivastava et al. 2014, §4 (dropout); Chen et al. 2016, §4: what is cheap to compute again need not be kept
Tutorial  tutorials/17_training_rag.py
Tests     tests/model/test_kept_for_backward.py

Most memory of a training step is what forward keeps for backward. Two things in a layer are larger than they need to be:

    dropout      torch keeps the mask as numbers, as many bytes as the states have; a mask of bytes says the same
    W₂ act(W₁x)  the product wants act(u), the activation function wants u: one of the two widest tensors of a layer can be
                 had from the other, and act is a small part of the work of a product

The gradients are the same numbers (activation_checkpointing.py goes further, and pays with a forward pass).
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from minirag.model.linear import activation, product, times_slope

PARTS = 2**16  # chances are counted in parts of this: 16 random bits decide about a number


class Dropout(nn.Dropout):
    """x · m / (1 − p), m ~ Bernoulli(1 − p), while training; else x."""

    def forward(self, x: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
        if not self.training or self.p == 0.0:
            return x
        if x.device.type != "cpu" or self.p == 1.0:
            return super().forward(x)
        dropped = round(self.p * PARTS)
        return (x * kept(x.shape, dropped)) * (PARTS / (PARTS - dropped))


def kept(shape: torch.Size, dropped: int) -> Bool[Tensor, "..."]:
    """True with a chance of 1 − dropped / 2¹⁶, each number for itself. Four of them share one draw of 64 bits."""
    draws = torch.empty(-(-shape.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    lowest = dropped - PARTS // 2  # 16 bits are read as −2¹⁵ … 2¹⁵ − 1
    return (draws.view(torch.int16)[: shape.numel()] >= lowest).view(shape)


def two_products(up: Any, name: str, down: Any, x: Float[Tensor, "*rows D"]) -> Float[Tensor, "*rows D"]:
    """W₂ act(W₁ x + b₁) + b₂, of two linear layers; for backward, u = W₁ x + b₁ is kept and act(u) is not."""
    if torch.is_grad_enabled() and isinstance(down, nn.Linear):
        return ActivatedProduct.apply(name, up(x), down.weight, down.bias)
    return down(up.activated(x, name))


class ActivatedProduct(torch.autograd.Function):
    """y = act(u) Wᵀ + b. With g = ∂L/∂y: ∂L/∂u = act′(u) ⊙ g W, ∂L/∂W = gᵀ act(u), ∂L/∂b = Σ g."""

    @staticmethod
    def forward(ctx: Any, name: str, u: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(u, weight)
        ctx.name, ctx.bias_format = name, bias.dtype
        return product(activation(name, u), weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        u, weight = ctx.saved_tensors
        of_u = of_weight = of_bias = None
        if ctx.needs_input_grad[1]:
            of_u = times_slope(ctx.name, u, product(g, weight.mT.to(g.dtype), None).to(u.dtype))
        if ctx.needs_input_grad[2]:
            activated = activation(ctx.name, u).flatten(0, -2).to(g.dtype)
            of_weight = (g.flatten(0, -2).mT @ activated).to(weight.dtype)
        if ctx.needs_input_grad[3]:
            of_bias = g.flatten(0, -2).sum(dim=0).to(ctx.bias_format)
        return None, of_u, of_weight, of_bias
