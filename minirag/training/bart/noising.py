"""How is a text broken, so that mending it teaches to write? Spans become one mask each, and sentences change places.

Paper     Lewis et al. 2019 (BART), §2.2 (text infilling, sentence permutation), §3 (30 % of the tokens, all sentences)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_noising.py

Pure functions of tokens and random numbers. A token may be anything: handed the places 0 … n − 1 of a text, `broken_places`
says which place each token of the broken text came from, and so where a decoder has to look while it mends.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Token = TypeVar("Token")
SHARE, MEAN_LENGTH = 0.3, 3.0  # of the tokens that are in holes; of a hole, in tokens (BART §2.2, §3)
HOLE = -1  # no place of the text: here a mask stands


def infill(
    tokens: Sequence[Token], mask: Token, rng: Random, share: float = SHARE, mean_length: float = MEAN_LENGTH
) -> list[Token]:
    """Spans of Poisson(3) tokens, each replaced by one mask, until round(share · n) tokens are gone; the rest keeps its order.

    A span of no token inserts a mask (BART §2.2). Spans do not overlap: they are dealt out evenly among the tokens kept.
    """
    lengths = span_lengths(round(share * len(tokens)), mean_length, rng)
    slots = len(tokens) - sum(lengths) + len(lengths)  # one for each token kept and each mask
    holes = set(rng.sample(range(slots), len(lengths)))
    place, left, broken = 0, iter(lengths), []
    for slot in range(slots):
        broken.append(mask if slot in holes else tokens[place])
        place += next(left) if slot in holes else 1
    return broken


def span_lengths(total: int, mean_length: float, rng: Random) -> list[int]:
    """Poisson numbers, in any order, that add up to `total`: drawn until they would pass it, the last one cut to fit."""
    lengths: list[int] = []
    while (rest := total - sum(lengths)) > 0:
        lengths.append(min(rest, poisson(mean_length, rng)))
    return rng.sample(lengths, len(lengths))


def poisson(mean: float, rng: Random) -> int:
    """The number of arrivals in one unit of time, at `mean` arrivals a unit."""
    arrived, clock = 0, rng.expovariate(mean)
    while clock < 1.0:
        arrived += 1
        clock += rng.expovariate(mean)
    return arrived


def permute_sentences(sentences: Sequence[Sequence[Token]], rng: Random) -> list[Token]:
    """The sentences in random order, one behind the other (BART §2.2)."""
    return [token for sentence in rng.sample(list(sentences), len(sentences)) for token in sentence]


def broken_places(count: int, starts: Sequence[int], rng: Random) -> list[int]:
    """Where each token of a broken text stood in the whole one of `count` tokens; HOLE for a mask.

    `starts`: the places at which sentences begin, the first one 0. Permutation comes first, then the holes (BART §3).
    """
    ends = [*starts[1:], count]
    sentences = [range(start, end) for start, end in zip(starts, ends, strict=True)]
    return infill(permute_sentences(sentences, rng), HOLE, rng, SHARE, MEAN_LENGTH)
