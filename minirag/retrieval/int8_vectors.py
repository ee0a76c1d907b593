"""How do vectors take a quarter of the room? Whole numbers from −127 to 127, and for each vector a scale.

Paper     none in RAG; per-vector scales are the simplest of the codes that Jacob et al. 2018 (arXiv 1712.05877, §2.1) describe
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_int8_vectors.py

Questions stay as they are, and so does the product: a vector is computed back before it is multiplied. So no score is off
by more than |q|₁ · scale / 2, and what that costs is measured when a knowledge base is made (storage_trial.py).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32, Int8
from torch import Tensor

LARGEST = 127  # −128 is left out: then −x is stored as −(what x is stored as)
DIGITS = 17  # of a scale, binary: with the 7 of a number they fit the 24 of a float32
SMALLEST = 2.0**-100  # a scale; numbers below become 0


@dataclass(frozen=True, eq=False)
class Int8Vectors:
    """d(z) ≈ numbers · scale, one scale for each vector. Indexed as a tensor is; `.float()` computes the vectors back."""

    numbers: Int8[Tensor, "*N D"]
    scales: Float32[Tensor, "*N"]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Tensor | slice | list[int] | int) -> "Int8Vectors":
        return Int8Vectors(self.numbers[rows], self.scales[rows])

    def index_select(self, dim: int, rows: Tensor) -> "Int8Vectors":
        """As of a tensor: faster than `[rows]`. dim is 0."""
        return Int8Vectors(self.numbers.index_select(dim, rows), self.scales.index_select(dim, rows))

    @property
    def shape(self) -> torch.Size:
        return self.numbers.shape

    @property
    def dtype(self) -> torch.dtype:
        return self.numbers.dtype

    @property
    def device(self) -> torch.device:
        return self.numbers.device

    def float(self) -> Float32[Tensor, "*N D"]:
        """Exact: no product is rounded."""
        return self.numbers.float() * self.scales[..., None]


Stored = Float[Tensor, "_ _"] | Int8Vectors  # (N, D) as vectors lie in the file: float16 or float32, or these


def as_int8(vectors: Float[Tensor, "n D"]) -> Int8Vectors:
    """numbers = round(x / scale), scale = max |x| / 127, rounded up to 17 binary digits.

    These digits make `.float()` exact, and vectors that are read and stored again the same, bit for bit.
    A vector that is not finite, or too long to be computed back, has a scale whose 127-fold is not finite.
    """
    rows = vectors.float()
    mantissa, exponent = torch.frexp(rows.abs().amax(dim=1) / LARGEST)
    scales = torch.ldexp((mantissa * 2**DIGITS).ceil() / 2**DIGITS, exponent).clamp(min=SMALLEST)
    return Int8Vectors((rows / scales[:, None]).round().to(torch.int8), scales)
