"""What need not be computed again when one more token is decoded? The keys and values seen so far.

Paper     none: the arithmetic is unchanged, only not repeated
Tutorial  tutorials/06_bart.py
Tests     tests/model/test_bart.py (cached = uncached, reordered caches included), tests/model/test_decoder_cache.py

One source row (a passage with its question) serves all prefixes that are decoded from it. Its encoder keys and values are
kept once, and W beams are W query positions of one attention, to the source and to the prefixes alike.

Prefixes that begin alike form a tree. Each token that was read is one node, written into the cache once and never moved;
a prefix is the path from the root to its last token. What tells one prefix from another is only which nodes it may look
at: a row of a mask, `seen`. A causal mask is the same thing for a tree that does not branch. So beams are reordered by
reordering W rows of that mask, a few bytes, and not the keys and values, of which every beam would else own a copy. And
the prefixes of many answers can be read at once, each shared beginning once (decoding/answer_tree.py).

Every step reads all keys and values, so those of one head lie side by side (a projection leaves those of one token so).

Axes: B source rows, W beams, n nodes read now, N nodes read so far, these included; S source tokens, H heads, E = D / H.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.model.attention import KeysValues
from minirag.model.packed_matrices import Reader


@dataclass
class LayerCache:
    """One decoder layer: `source` is fixed; `prefix` has room for more nodes than were written so far."""

    source: KeysValues
    prefix: KeysValues | None = None

    def extend(self, new: KeysValues, start: int) -> KeysValues:
        """Write n nodes behind the `start` that are there, in place; returns all N. Room doubles when there is none left."""
        end = start + new.keys.shape[2]
        if self.prefix is None or self.prefix.keys.shape[2] < end:
            here = self.prefix or new
            self.prefix = KeysValues(with_room(here.keys, start, 2 * end), with_room(here.values, start, 2 * end))
        for room, states in zip(self.prefix, new, strict=True):
            room[:, :, start:end] = states
        return KeysValues(self.prefix.keys[:, :, :end], self.prefix.values[:, :, :end])


@dataclass
class DecoderCache:
    """All layers, the source mask (B, 1, 1, S), the beams per source row, and what each beam's prefix is made of."""

    layers: list[LayerCache]
    source_mask: Bool[Tensor, "B 1 1 S"]
    beams: int = 1
    length: int = 0  # tokens of each prefix: the position of the next one
    nodes: int = 0  # N, those of all prefixes
    seen: Bool[Tensor, "B W N"] | None = None  # the nodes of each beam's prefix; None before the first step
    reader: Reader | None = None  # decoder and output layer with packed matrices; None: as they are

    def afresh(self, rows: Int[Tensor, " b"] | None = None, beams: int = 1) -> "DecoderCache":
        """The same sources (or these rows of them), projected once and shared, with no prefix yet."""
        all_rows = rows is None or torch.equal(rows, torch.arange(len(self.source_mask), device=rows.device))
        layers = [LayerCache(layer.source if all_rows else rows_of(layer.source, rows)) for layer in self.layers]
        mask = self.source_mask if all_rows else self.source_mask[rows]
        return DecoderCache(layers, mask, beams, reader=self.reader)

    def grow(self, count: int) -> Bool[Tensor, "B n N"]:
        """One more node for each of `count` beams: beam w sees what it saw before, and the w-th of the new nodes."""
        own = torch.eye(count, dtype=torch.bool, device=self.source_mask.device).expand(len(self.source_mask), -1, -1)
        self.seen = own if self.seen is None else torch.cat([self.seen, own], dim=2)
        self.length += 1
        return self.seen

    def branch(self) -> None:
        """One prefix of each row, the start token, becomes `beams` of them, which look at the same node."""
        if self.seen is not None:
            self.seen = self.seen.expand(-1, self.beams, -1)

    def reorder(self, rows: Int[Tensor, " R"]) -> None:
        """Beam r continues the prefix of beam rows[r] (indices into the B·W rows); no key or value is moved."""
        if self.seen is not None:
            self.seen = self.seen.flatten(0, 1)[rows].unflatten(0, (len(self.source_mask), -1))

    def keep(self, sources: Int[Tensor, " b"]) -> None:
        """Go on with these source rows alone: the others are answered."""
        for layer in self.layers:
            layer.source = rows_of(layer.source, sources)
            if layer.prefix is not None:
                layer.prefix = rows_of(layer.prefix, sources)
        self.source_mask = self.source_mask[sources]
        self.seen = None if self.seen is None else self.seen[sources]


def rows_of(both: KeysValues, rows: Int[Tensor, " b"] | None) -> KeysValues:
    return KeysValues(*(states[rows] for states in both))


def with_room(states: Float[Tensor, "B H m E"], there: int, room: int) -> Float[Tensor, "B H more E"]:
    """The first `there` nodes, and room behind them."""
    B, H, _, E = states.shape
    roomy = states.new_empty(B, H, room, E)
    roomy[:, :, :there] = states[:, :, :there]
    return roomy
