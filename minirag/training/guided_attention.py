"""Where should the decoder look while it copies? At the token it is about to write: guided attention.

Paper     Chen, Matusov, Khadivi, Peter 2016 (guided alignment training for neural machine translation), §3; not in RAG or BART
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_guided_attention.py

A published BART learned to copy from 160 GB of text. A small one finds the way to it by chance, late. Since an answer's
tokens stand in its passage, we can say where: the last cross-attention is asked to look there while it learns.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

import torch
from jaxtyping import Bool, Float
from torch import Tensor

MINIMUM = 4  # a shorter common piece of a passage without the answer is chance


def guidance_loss(cross_attention: Float[Tensor, "B H T S"], places: Bool[Tensor, "B T S"]) -> Float[Tensor, ""]:
    """−log Σ_{s in places_t} ā_t,s, ā the mean over heads, averaged over the target tokens that stand in the source.

    Chen et al. §3.1. Tokens that stand nowhere in the source are passed over; 0 where there are no others.
    """
    looked_at = cross_attention.float().mean(dim=1)  # (B, T, S)
    aligned = places.any(dim=-1)  # (B, T)
    mass = (looked_at * places).sum(dim=-1)[aligned]
    return -(mass + 1e-6).log().sum() / aligned.sum().clamp(min=1)


def copied_from(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Bool[Tensor, "B T S"]:
    """places[b, t, s]: target token t was copied from source token s. Targets without their eos.

    An answer stands in its passage as a whole, maybe more than once. A mended passage is its source's pieces, in order.
    """
    rows = []
    for source, target in zip(sources, targets, strict=True):
        found = occurrences(list(source), list(target)) or pieces(source, target)
        rows.append([(first + step, start + step) for start, first, length in found for step in range(length)])
    return marked(rows, longest(targets) + 1, longest(sources))


def marked(rows: Sequence[Sequence[tuple[int, int]]], height: int, width: int) -> Bool[Tensor, "B I J"]:
    """marked[b, i, j]: (i, j) is one of the pairs of row b."""
    places = torch.zeros(len(rows), height, width, dtype=torch.bool)
    for number, pairs in enumerate(rows):
        for i, j in pairs:
            places[number, i, j] = True
    return places


def occurrences(source: list[int], answer: list[int]) -> list[tuple[int, int, int]]:
    """(place in the source, 0, length) wherever the answer's tokens stand in the source."""
    starts = range(len(source) - len(answer) + 1)
    return [(start, 0, len(answer)) for start in starts if answer and source[start : start + len(answer)] == answer]


def pieces(source: Sequence[int], target: Sequence[int]) -> list[tuple[int, int, int]]:
    """(place in the source, place in the target, length) of what both have in common, at least MINIMUM tokens at a time."""
    blocks = SequenceMatcher(None, source, target, autojunk=False).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks if block.size >= MINIMUM]


def longest(rows: Sequence[Sequence[int]]) -> int:
    return max(len(row) for row in rows)
