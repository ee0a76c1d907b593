"""How is a matrix multiplied with many rows? By whoever is fastest on this processor: there are two, and torch asks one.

Paper     Goto & van de Geijn 2008, §3: how a matrix product is made fast; the arithmetic is the same whoever makes it
Tutorial  tutorials/03_attention.py
Tests     tests/model/test_linear.py

torch multiplies float32 matrices on a CPU with MKL, which is fast where Intel made the processor. oneDNN, which torch has
inside, too, writes its inner loop for the processor that it finds: on an AMD EPYC with AVX-512 it needs a seventh less
time for BERT-base's products, on an Intel Xeon as much as MKL. And it can apply the activation function to each piece
of the product while it is still near the processor. Left to torch, the widest states of a layer, (n, 4D), go to memory, come
back, and go there once more.

Where oneDNN cannot be asked (a GPU, float64, autocast, small matrices, a handful of rows) torch is. The gradient with respect
to the rows is one more product with the same matrix, and asks the same way. That with respect to the matrix is torch's, who
is as fast there.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import gelu, linear, relu

FEWEST_NUMBERS = 2**19  # of a matrix: with smaller ones, asking takes longer than what is won
FEWEST_ROWS = 16  # fewer are multiplied faster without writing the matrix in another order

Matrix = Float[Tensor, "out in"]
Bias = Float[Tensor, " out"] | None

GELU = {"gelu": "none", "gelu_new": "tanh"}  # what torch calls the exact one, and its approximation
FUSED = {  # with what oneDNN calls each, and its variant
    "gelu": ("gelu", "none"),
    "gelu_new": ("gelu", "tanh"),
    "relu": ("relu", ""),
    None: ("none", ""),
}


class Linear(nn.Linear):
    """x Wᵀ + b; `activated`: act(x Wᵀ + b), without a gradient."""

    def forward(self, x: Float[Tensor, "*rows in"]) -> Float[Tensor, "*rows out"]:
        if torch.is_grad_enabled() and onednn_is_faster(x, self.weight):
            return Product.apply(x, self.weight, self.bias)
        return product(x, self.weight, self.bias)

    def activated(self, x: Float[Tensor, "*rows in"], name: str) -> Float[Tensor, "*rows out"]:
        return product(x, self.weight, self.bias, name)


class Product(torch.autograd.Function):
    """y = x Wᵀ + b. With g = ∂L/∂y: ∂L/∂x = g W, ∂L/∂W = gᵀ x, ∂L/∂b = Σ g."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, matrix)
        return product(x, matrix, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        x, matrix = ctx.saved_tensors
        of_x, of_matrix, of_bias = ctx.needs_input_grad
        return (
            product(g, matrix.mT, None) if of_x else None,
            g.flatten(0, -2).mT @ x.flatten(0, -2) if of_matrix else None,
            g.flatten(0, -2).sum(dim=0) if of_bias else None,
        )


def product(
    x: Float[Tensor, "*rows in"], matrix: Matrix, bias: Bias, name: str | None = None
) -> Float[Tensor, "*rows out"]:
    """act(x Wᵀ + b), act named as in `activation`, None: nothing. Where oneDNN is asked there is no gradient."""
    if not torch.is_grad_enabled() and onednn_is_faster(x, matrix):
        return onednn_product(x, matrix, bias, name)
    y = linear(x, matrix, bias)
    return y if name is None else activation(name, y)


def onednn_product(x: Float[Tensor, "*rows in"], matrix: Tensor, bias: Bias, name: str | None) -> Tensor:
    """`matrix`: as it is, or in oneDNN's own order (packed_matrices.py)."""
    kind, variant = FUSED[name]
    return torch.ops.mkldnn._linear_pointwise(x, matrix, bias, kind, [], variant)


def onednn_is_faster(x: Float[Tensor, "*rows in"], matrix: Matrix) -> bool:
    large = matrix.numel() >= FEWEST_NUMBERS and x.shape[:-1].numel() >= FEWEST_ROWS
    return large and x.dtype == matrix.dtype and not torch.is_autocast_enabled("cpu") and onednn_reads(matrix)


def onednn_reads(matrix: Tensor) -> bool:
    """A matrix on a CPU, of this process alone (no DTensor), row by row or column by column, of numbers it multiplies fast."""
    plain = type(matrix) in (Tensor, nn.Parameter) and matrix.device.type == "cpu"
    whole = matrix.is_contiguous() or matrix.mT.is_contiguous()
    return plain and whole and torch.backends.mkldnn.is_available() and is_fast(matrix.dtype)


def is_fast(dtype: torch.dtype) -> bool:
    """float32; bfloat16 where the processor has instructions for it."""
    return dtype == torch.float32 or (dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def activation(name: str, x: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
    """gelu: x Φ(x) with the exact erf, as BERT and BART were trained; gelu_new: its tanh approximation; relu."""
    if name == "relu":
        return relu(x)
    return gelu(x, approximate=GELU[name])


def times_slope(name: str, x: Float[Tensor, "*axes"], g: Float[Tensor, "*axes"]) -> Float[Tensor, "*axes"]:
    """act′(x) ⊙ g, written over g."""
    if name == "relu":
        return g.mul_(x > 0)
    return torch.ops.aten.gelu_backward.grad_input(g, x, approximate=GELU[name], grad_input=g)
