"""Passages, vectors and knowledge bases of a few rows, for the tests of this floor."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from minirag.retrieval.building import Encode
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage

FINGERPRINT = "an encoder of tests"


def some_passages(count: int) -> list[Passage]:
    return [Passage(f"p{row}", f"Title {row}", f"The text of passage number {row}.") for row in range(count)]


def unit_vectors(count: int, dimension: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, dimension, generator=generator), dim=-1)


def encode(passages: Sequence[Passage], dimension: int = 8) -> Tensor:
    """A vector of length 1 per passage, drawn from its id alone: batches do not matter."""
    rows = [unit_vectors(1, dimension, seed=zlib.crc32(repr(passage.id).encode())) for passage in passages]
    return torch.cat(rows)


LONG = 256  # numbers of a vector that a graph does not hold whole


def encode_long(passages: Sequence[Passage]) -> Tensor:
    return encode(passages, LONG)


def small_base(folder: Path, count: int = 20, encode: Encode = encode, **settings: object) -> KnowledgeBase:
    settings = {"fingerprint": FINGERPRINT, "batch_size": 7, **settings}
    return build_knowledge_base(folder, some_passages(count), encode, **settings)  # type: ignore[arg-type]
