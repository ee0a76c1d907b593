"""What does a vector look like along fewer axes? Its inner products with them, computed when they are asked for.

Paper     Pearson 1901 (principal axes)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_principal_axes.py

Which axes, and why: principal_axes.py.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float32
from torch import Tensor

from minirag.retrieval.int8_vectors import Stored

Axes = Float32[Tensor, "D C"]  # columns of length 1, each at a right angle to the others


@dataclass(frozen=True, eq=False)
class AlongAxes:
    """d(z)ᵀ A: vectors of C numbers. Indexed as a tensor is."""

    vectors: Stored
    axes: Axes

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, rows: Tensor | slice | list[int]) -> Float32[Tensor, "n C"]:
        return self.vectors[rows].float() @ self.axes

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self.vectors), self.axes.shape[1]))

    @property
    def device(self) -> torch.device:
        return self.axes.device


Seen = Stored | AlongAxes  # vectors that a graph can be built of
