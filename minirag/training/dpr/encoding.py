"""How do a batch's texts become vectors, chunk by chunk?

Paper     DPR §3.1, §4.1
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_encoding.py, tests/training/dpr/test_task.py

Processes whose shares of a batch differ by a row encode equally many chunks: a sharded encoder must be called equally often
in each of them (training/sharding.py).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.outputs import Batch
from minirag.retrieval.passages import Passage
from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.gradient_cache import Encode
from minirag.training.dpr.towers import Towers

Text = TypeVar("Text")
Tower = Callable[[Int[Tensor, "n S"], Bool[Tensor, "n S"]], Float[Tensor, "n D"]]
TOGETHER = 32  # texts to a chunk where nothing is said


def chunking(rows: int, parts: int = 1, processes: int = 1) -> tuple[int, int]:
    """(size, count): each process cuts its share of so many rows into `count` chunks of `size` rows at most.

    parts: so many chunks at most; 1: as many as it takes for TOGETHER rows to a chunk. Shares differ by a row at most: the
    largest says the size, and the smallest, where it has fewer rows than chunks, the count (rows ≥ processes).
    """
    smallest, largest = rows // processes, -(-rows // processes)
    size = TOGETHER if parts == 1 else -(-largest // parts)
    count = min(-(-largest // size), smallest)
    return max(size, -(-largest // count)), count


def cut(rows: Sequence[Text], size: int, count: int | None = None) -> list[Sequence[Text]]:
    """Neighbours in chunks of so many rows; the last ones may have fewer, but none has no row."""
    count = -(-len(rows) // size) if count is None else count
    ends = [min(size * number, len(rows) - (count - number)) for number in range(1, count + 1)]
    return [rows[start:end] for start, end in pairwise([0, *ends])]


def question_chunks(
    model: Towers, tokenizer: Tokenizer, chunks: Sequence[Sequence[str]], length: int, bf16: bool = False
) -> list[Encode]:
    """q(x) of each chunk's questions, each cut at `length` tokens."""
    return [chunk(model.question_vectors, tokenizer(part, max_length=length), model, bf16) for part in chunks]


def passage_chunks(
    model: Towers, tokenizer: Tokenizer, chunks: Sequence[Sequence[Passage]], length: int, bf16: bool = False
) -> list[Encode]:
    """d(z), `[CLS] title [SEP] text [SEP]`, of each chunk's passages, each cut at `length` tokens."""
    return [
        chunk(
            model.passage_vectors,
            tokenizer([passage.title for passage in part], [passage.text for passage in part], max_length=length),
            model,
            bf16,
        )
        for part in chunks
    ]


def chunk(tower: Tower, batch: Batch, model: Towers, bf16: bool) -> Encode:
    """Tokenized once; encoded as often as it is asked for."""
    device = next(model.parameters()).device

    def encode() -> Float[Tensor, "n D"]:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            return tower(batch.input_ids.to(device), batch.attention_mask.to(device))

    return encode


def vectors(chunks: Sequence[Encode]) -> Float[Tensor, "N D"]:
    """All of them, without a graph."""
    with torch.no_grad():
        return torch.cat([encode().float() for encode in chunks])
