"""Passages without a source: any number of them, texts of a hundred invented words, vectors in clusters, questions near them.

Each depends on its row alone, so nothing is kept: a million passages take no more memory than a thousand.

A vector is its document's subject, its own subject and noise, of length 1: eight passages that follow each other are of one
document. There are 256 · 256 subjects, so of a million vectors fifteen share both. A question is a passage's vector with noise.
"""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn.functional import normalize

from minirag import Passage

WIDTH, SUBJECTS, PER_DOCUMENT = 768, 256, 8
OWN, NOISE, ASKED = (
    0.8,
    0.4,
    0.03,
)  # the passage's own subject, noise (its document's subject counts 1); a question's noise
TOGETHER = 1024  # vectors made at once
WORDS, PER_TEXT = 5_000, 100


@lru_cache(maxsize=1)
def subjects() -> Tensor:
    return torch.randn(2, SUBJECTS, WIDTH, generator=torch.Generator().manual_seed(0))


@lru_cache(maxsize=2)
def some_vectors(number: int) -> Tensor:
    """Rows 1,024 · number and on."""
    generator = torch.Generator().manual_seed(1 + number)
    of_document = torch.randint(SUBJECTS, (TOGETHER // PER_DOCUMENT,), generator=generator)
    own = torch.randint(SUBJECTS, (TOGETHER,), generator=generator)
    noise = torch.randn(TOGETHER, WIDTH, generator=generator)
    first, second = subjects()
    return normalize(first[of_document].repeat_interleave(PER_DOCUMENT, 0) + OWN * second[own] + NOISE * noise, dim=-1)


def vectors_of(rows: Sequence[int]) -> Tensor:
    return torch.stack([some_vectors(row // TOGETHER)[row % TOGETHER].clone() for row in rows])


def encode(passages: Sequence[Passage]) -> Tensor:
    """Stands in for the encoder."""
    return vectors_of([int(passage.id) for passage in passages])


def questions(asked: int, count: int) -> Tensor:
    """About `asked` of the first `count` passages; the cosine of a question and its passage is about 0.77."""
    generator = torch.Generator().manual_seed(0)
    near = vectors_of(torch.randint(count, (asked,), generator=generator).tolist())
    return near + ASKED * torch.randn(asked, WIDTH, generator=generator)


def passages(count: int) -> Iterator[Passage]:
    choose = random.Random(0)
    vocabulary = words(choose)
    common_first = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))  # as words of a language are (Zipf)
    for row in range(count):
        text = " ".join(choose.choices(vocabulary, cum_weights=common_first, k=PER_TEXT))
        yield Passage(str(row), f"Document {row // PER_DOCUMENT}", text)


def words(choose: random.Random) -> list[str]:
    """Different ones, of one to four syllables."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(choose.choices(syllables, k=choose.randint(1, 4)))] = None
    return list(found)
