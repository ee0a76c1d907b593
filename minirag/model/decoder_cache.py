"""What need not be computed again when one more token is decoded? The keys and values seen so far.

Paper     none: the arithmetic is unchanged, only not repeated
Tutorial  tutorials/06_bart.py
Tests     tests/model/test_bart.py (cached = uncached, reordered caches included)

One source row (a passage with its question) serves W beams. Its encoder keys and values are kept once, and the W beams
are W query positions of one cross-attention; only the short self-attention keys exist per beam and move with it.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.model.attention import KeysValues


@dataclass
class LayerCache:
    """One decoder layer: `source` is fixed (B rows), `prefix` grows by one position a step (B·W rows)."""

    source: KeysValues
    prefix: KeysValues | None = None

    def extend(self, new: KeysValues) -> KeysValues:
        """Append one position's keys and values; returns the whole prefix."""
        if self.prefix is not None:
            new = KeysValues(
                torch.cat([self.prefix.keys, new.keys], dim=2), torch.cat([self.prefix.values, new.values], dim=2)
            )
        self.prefix = new
        return new


@dataclass
class DecoderCache:
    """All layers, the source mask (B, 1, 1, S), the beams per source row and the number of tokens decoded so far."""

    layers: list[LayerCache]
    source_mask: Bool[Tensor, "B 1 1 S"]
    beams: int = 1
    length: int = 0

    def reorder(self, rows: Int[Tensor, " R"]) -> None:
        """Beam r continues the prefix of beam rows[r] (indices into the B·W rows); source keys stay where they are."""
        for layer in self.layers:
            if layer.prefix is not None:
                layer.prefix = KeysValues(layer.prefix.keys[rows], layer.prefix.values[rows])


def fold_beams(states: Float[Tensor, "R 1 D"], beams: int) -> Float[Tensor, "B W D"]:
    """(B·W, 1, D) → (B, W, D): the beams of a source row become its query positions."""
    return states.view(-1, beams, states.shape[-1])


def unfold_beams(states: Float[Tensor, "B W D"]) -> Float[Tensor, "R 1 D"]:
    """(B, W, D) → (B·W, 1, D)."""
    return states.reshape(-1, 1, states.shape[-1])
