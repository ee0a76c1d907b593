"""What if one source is long and the others are short? Only real tokens go through the layers, in one row without gaps.

Paper     none: what is left out are padding's own states, which nobody looks at
Tutorial  tutorials/12_rag_model.py
Tests     tests/model/test_real_tokens.py

A batch is a rectangle as wide as its longest row, and an encoder that is given it computes every cell: with rows of 100 to
200 tokens a quarter of the work is on padding. But projections, feed-forward networks and layer norms look at one token at a
time, whatever row it is in. So the n real tokens of all rows are put side by side, (1, n, D), and are put apart into their
rows only where tokens look at one another, in attention: into the rectangle with its mask, or, on a CPU, where many small
calls cost no more than a large one, row by row. No row's states depend on which rows are beside it.

Axes: B rows, S tokens of the longest, n real tokens of all rows.
"""

from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class RealTokens:
    """Where the real tokens of a batch are: the i-th is at position columns[i] of row rows[i]."""

    rows: Int[Tensor, " n"]
    columns: Int[Tensor, " n"]
    shape: tuple[int, int]  # B, S

    @cached_property
    def lengths(self) -> list[int]:
        """How many real tokens each row has: Σ = n."""
        return self.rows.bincount(minlength=self.shape[0]).tolist()

    def together(self, states: Float[Tensor, "B S D"]) -> Float[Tensor, "1 n D"]:
        """The real tokens' states side by side."""
        cells = self.rows * self.shape[1] + self.columns
        return states.flatten(0, 1).index_select(0, cells)[None]

    def apart(self, states: Float[Tensor, "1 n D"]) -> Float[Tensor, "B S D"]:
        """Each back in its row; zeros where there is padding."""
        return states.new_zeros(*self.shape, states.shape[2]).index_put((self.rows, self.columns), states[0])


def real_tokens(mask: Bool[Tensor, "B S"] | None) -> RealTokens | None:
    """None without a mask. (Not where a mask hides nothing: sharded processes must all take the same way through a layer.)"""
    if mask is None:
        return None
    rows, columns = mask.nonzero(as_tuple=True)
    return RealTokens(rows, columns, (mask.shape[0], mask.shape[1]))
