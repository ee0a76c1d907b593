"""How many passages have the very same vector? A graph of many equal vectors leads round in a circle among them.

Paper     Malkov & Yashunin 2016, §4 (a node keeps links to its nearest: copies of itself, where there are many)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_twins.py, tests/faults/test_how_many.py

2,000 vectors in 20 clusters and so many copies of one of them, M 16, ef 100; of the 100 vectors nearest to the copied one

    copies                  40      80      150     300     1,200
    found themselves        100 %   100 %   89 %    67 %    3 %

and of all 2,000, 100, 100, 99, 93 and 92 %: a sample of questions does not show it.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.vectors import blocks

AT_ONCE = 1024  # vectors whose numbers are in memory as int64


class TooManyTwins(ValueError):
    """A graph would not find what lies near them."""


def check_twins(vectors: Stored, M: int) -> None:
    """TooManyTwins: more than 4·M vectors are the same one, M being the links that a node of the graph chooses."""
    twins, row = most_twins(vectors)
    if twins > 4 * M:
        raise TooManyTwins(
            f"{twins:,} passages have the same vector as that of row {row}, and no graph leads past so many;"
            " use an exact index, or merge duplicates"
        )


def most_twins(vectors: Stored) -> tuple[int, int]:
    """(how often the most frequent vector occurs, its first row): 8 bytes for each vector are in memory, its hash."""
    hashes = torch.cat([hashed(part) for _, block in blocks(vectors) for part in block.split(AT_ONCE)])
    values, counts = hashes.unique(return_counts=True)
    most = counts.argmax()
    return int(counts[most]), int((hashes == values[most]).nonzero()[0])


def hashed(vectors: Float[Tensor, "n D"]) -> Int[Tensor, " n"]:
    """Σ_j w_j bits_j in 64 bits, with random w: what is equal has equal sums, and hardly anything else."""
    bits = (vectors + 0.0).view(torch.int32).long()  # -0.0 + 0.0 = 0.0
    weights = torch.randint(-(2**62), 2**62, bits.shape[1:], generator=torch.Generator().manual_seed(0))
    return (bits * weights).sum(dim=1)
