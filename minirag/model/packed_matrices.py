"""How is a matrix multiplied with a few rows? In the order in which the processor reads it, written down once.

Paper     Goto & van de Geijn 2008, §3: a matrix product packs its matrices before it multiplies; the arithmetic is unchanged
Tutorial  tutorials/06_bart.py
Tests     tests/model/test_packed_matrices.py

A product of two large matrices is fast because it first copies pieces of them into the order in which its inner loop reads
numbers, and then uses each copy for many rows. Decoding multiplies the same matrices with a handful of rows (beams), step
after step: each time the copying takes longer than the arithmetic that it is for. So here each large matrix of the decoder,
and the output layer's, is packed once, by oneDNN, and read by all steps of all searches that follow, until its numbers
change. Of 40 rows with BART-base's output layer, a packed product takes a third to a half of the time.

Whether the numbers have changed is not asked of torch: the fused AdamW changes weights without counting it as a change, and
so does whoever writes through `.data`. Before each search the bits of each matrix are added up, as integers, each row with a
factor of its own. That costs one reading of the weights, less than one decoding step. What it would not see is numbers that
change places within a row and nothing else.

The packed copy is as large as what is packed: 380 MB for BART-base in float32, 1 GB for BART-large, half of it in bfloat16.
It is made where it was measured to pay: on a CPU, by a torch that has oneDNN, in float32, and in bfloat16 where the
processor knows it: there the arithmetic is so fast that copying is half of a product. One to three rows of float32 are left to
torch: that is reading the matrix once, in whatever order.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from minirag.model.linear import FEWEST_NUMBERS, Bias, Matrix, onednn_product, onednn_reads, product

FEWEST_ROWS = 4  # of float32: fewer are multiplied faster as they are
ROWS = 40  # that oneDNN is told to expect; the order it chooses serves fewer and more as well


class Reader(NamedTuple):
    """With what a search reads: the decoder (`BartDecoder`, or its packed twin), and E h + b."""

    decoder: Any
    logits: Callable[[Float[Tensor, "*rows D"]], Float[Tensor, "*rows V"]]


class PackedLinear(nn.Module):
    """x Wᵀ + b with W packed. Whoever wants a gradient, or autocast, gets the layer as it was."""

    def __init__(self, layer: nn.Linear, packed: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.packed = packed

    def forward(self, x: Float[Tensor, "*rows in"]) -> Float[Tensor, "*rows out"]:
        return packed_product(x, self.packed, self.layer.weight, self.layer.bias)

    def activated(self, x: Float[Tensor, "*rows in"], name: str) -> Float[Tensor, "*rows out"]:
        return packed_product(x, self.packed, self.layer.weight, self.layer.bias, name)


class PackedMatrices:
    """Those of the last search, kept for the next one. A copy of a generator begins without."""

    def __init__(self) -> None:
        self.bits: list[int] = []
        self.packed: list[Tensor] = []

    def __getstate__(self) -> dict[str, Any]:
        return vars(PackedMatrices())

    def reader(self, decoder: nn.Module, embeddings: Float[Tensor, "V D"], bias: Float[Tensor, " V"]) -> Reader | None:
        """For one search; None where nothing is packed. What is packed is packed again where a number has changed."""
        layers = [layer.weight for layer in decoder.modules() if isinstance(layer, nn.Linear)]
        matrices = [matrix for matrix in [*layers, embeddings] if matrix.numel() >= FEWEST_NUMBERS]
        if not matrices or not all(map(can_be_packed, matrices)):
            return None
        bits = [sum_of_bits(matrix) for matrix in matrices]
        if bits != self.bits:
            self.packed, self.bits = [pack(matrix) for matrix in matrices], bits
        packed = {id(matrix): own for matrix, own in zip(matrices, self.packed, strict=True)}
        of_embeddings = packed.get(id(embeddings))
        twin = packed_twin(decoder, packed)
        return Reader(twin, lambda states: packed_product(states, of_embeddings, embeddings, bias))


def packed_twin(module: nn.Module, packed: Mapping[int, Tensor]) -> nn.Module:
    """The same module, parameters and all, but what multiplies with a packed matrix is a PackedLinear."""
    if isinstance(module, nn.Linear):
        return PackedLinear(module, packed[id(module.weight)]) if id(module.weight) in packed else module
    twin = copy.copy(module)
    twin._modules = {name: packed_twin(child, packed) for name, child in module.named_children()}
    return twin


def packed_product(
    x: Float[Tensor, "*rows in"], packed: Tensor | None, matrix: Matrix, bias: Bias, name: str | None = None
) -> Float[Tensor, "*rows out"]:
    """act(x Wᵀ + b), as in linear.py. `packed` is W once more, in oneDNN's order; None: W is small. Few rows: see above."""
    few = x.dtype == torch.float32 and x.shape[:-1].numel() < FEWEST_ROWS
    other = x.dtype != matrix.dtype or x.numel() == 0
    if packed is None or few or other or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
        return product(x, matrix, bias, name)
    return onednn_product(x, packed, bias, name)


def pack(matrix: Matrix) -> Tensor:
    """In an order of oneDNN's own: no operation of torch but its product reads it."""
    return torch.ops.mkldnn._reorder_linear_weight(matrix.detach(), ROWS)


def can_be_packed(matrix: Tensor) -> bool:
    """One that oneDNN reads, row by row."""
    return onednn_reads(matrix) and matrix.is_contiguous()


def sum_of_bits(matrix: Matrix) -> int:
    """Σ_r (2r + 1) · the bits of row r, 64 of them at a time read as an integer: rows that change places change it, too.

    Odd factors: whatever changes in one row alone changes the sum, modulo 2⁶⁴ as it is.
    """
    together = 8 // matrix.itemsize  # numbers
    in_64_bits = matrix.shape[1] % together == 0 and matrix.storage_offset() % together == 0
    one_by_one = torch.int32 if matrix.itemsize == 4 else torch.int16
    of_rows = matrix.detach().view(torch.int64 if in_64_bits else one_by_one).sum(dim=1)
    return int((of_rows * torch.arange(1, 2 * len(matrix), 2)).sum())
