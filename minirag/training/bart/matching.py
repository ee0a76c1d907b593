"""How does a reader find the sentence that a question speaks of? Its words stand there too: attention is shown where.

Paper     Chen, Matusov, Khadivi, Peter 2016, §3 (guided attention), here between a question and its passage; not in BART
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_matching.py

A small encoder finds out late that a word of the question and the same word of the passage have to do with each other. So
two heads of its first layer are asked to look from one to the other while it learns: passage → question, question → passage.
Words as common as `the` stand everywhere and are left out.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

COMMON = 150  # tokens that are too frequent to say anything
HEADS = 2


def common_tokens(rows: Iterable[Sequence[int]], count: int = COMMON) -> frozenset[int]:
    """The `count` most frequent tokens; among equals the lower ids."""
    seen = Counter(token for row in rows for token in row)
    return frozenset(sorted(seen, key=lambda token: (-seen[token], token))[:count])


def matches(source: Sequence[int], question: int, common: frozenset[int]) -> list[tuple[int, int]]:
    """(place in the passage, place in the question) of tokens that are the same; the question begins at `question`."""
    places: dict[int, list[int]] = {}
    for place in range(question, len(source) - 1):
        if source[place] not in common:
            places.setdefault(source[place], []).append(place)
    return [(place, other) for place in range(1, question) for other in places.get(source[place], ())]


def matched_tokens(matched: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """How many tokens of the passage, and of the question, have a match."""
    return len({place for place, _ in matched}), len({place for _, place in matched})


def matching_loss(
    attention: Float[Tensor, "B H S S"], places: Bool[Tensor, "B S S"], tokens: tuple[int, int]
) -> Float[Tensor, ""]:
    """−Σ_i log Σ_{j in places_i} a_i,j / n for head 0, and the other way round for head 1; n = `tokens` of the whole batch.

    places[b, i, j]: token i of the passage stands in the question at j.
    """
    losses = []
    for head, (wanted, count) in enumerate(zip((places, places.mT), tokens, strict=True)):
        there = wanted.any(dim=-1)  # (B, S)
        mass = (attention[:, head].float() * wanted).sum(dim=-1)[there]
        losses.append(-(mass + 1e-6).log().sum() / max(1, count))
    return torch.stack(losses).sum()
