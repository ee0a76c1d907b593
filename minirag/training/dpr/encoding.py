"""How do a batch's texts become vectors, chunk by chunk?

Paper     DPR §3.1, §4.1
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_task.py
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.outputs import Batch
from minirag.retrieval.passages import Passage
from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.gradient_cache import Encode
from minirag.training.dpr.towers import Towers

Tower = Callable[[Int[Tensor, "n S"], Bool[Tensor, "n S"]], Float[Tensor, "n D"]]
TOGETHER = 32  # texts to a chunk where nothing is said


def question_chunks(
    model: Towers, tokenizer: Tokenizer, questions: Sequence[str], chunk_size: int, length: int, bf16: bool = False
) -> list[Encode]:
    """q(x) of so many questions at a time, each cut at `length` tokens."""
    parts = [questions[start : start + chunk_size] for start in range(0, len(questions), chunk_size)]
    return [chunk(model.question_vectors, tokenizer(part, max_length=length), model, bf16) for part in parts]


def passage_chunks(
    model: Towers, tokenizer: Tokenizer, passages: Sequence[Passage], chunk_size: int, length: int, bf16: bool = False
) -> list[Encode]:
    """d(z), `[CLS] title [SEP] text [SEP]`, of so many passages at a time, each cut at `length` tokens."""
    parts = [passages[start : start + chunk_size] for start in range(0, len(passages), chunk_size)]
    return [
        chunk(
            model.passage_vectors,
            tokenizer([passage.title for passage in part], [passage.text for passage in part], max_length=length),
            model,
            bf16,
        )
        for part in parts
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
