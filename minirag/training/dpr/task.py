"""What is a step of DPR's training? A batch's loss and its gradient; now and then, a look at the dev questions.

Paper     DPR §3.2, §4.2
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_task.py
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.batches import DprBatch, batch_of
from minirag.training.dpr.dev_pool import DevPool, retrieval_measures
from minirag.training.dpr.encoding import TOGETHER, chunking, cut, passage_chunks, question_chunks, vectors
from minirag.training.dpr.gradient_cache import backward
from minirag.training.dpr.objective import dpr_loss
from minirag.training.dpr.sources import ExamplesAt
from minirag.training.dpr.towers import Towers
from minirag.training.loop import Task
from minirag.training.processes import ALONE, Processes


@dataclass(frozen=True)
class DprSettings:
    """How a batch is encoded. parts: in how many parts (gradient cache), of which one has its graph at a time; 1: all at once.

    Texts are cut at question_length and max_length tokens. mask_answers: see batches.py.
    """

    max_length: int = 256
    question_length: int = 64
    parts: int = 1
    mask_answers: bool = False
    bf16: bool = False


def dpr_task(
    model: Towers,
    tokenizer: Tokenizer,
    examples_at: ExamplesAt,
    settings: DprSettings,
    dev: DevPool | None = None,
    processes: Processes = ALONE,
) -> Task:
    """For training/loop.py. With several processes each encodes its share; all of them see all vectors (DPR §3.2)."""

    def objective(step: int) -> float:
        batch = batch_of(examples_at(step), settings.mask_answers)
        return batch_backward(model, tokenizer, batch, settings, processes)

    def describe(step: int) -> list[dict[str, object]]:
        return [dict(asdict(example)) for example in examples_at(step)]

    measure = None if dev is None else lambda: measured(model, tokenizer, dev, settings)
    return Task(objective, measure, describe)


def batch_backward(
    model: Towers, tokenizer: Tokenizer, batch: DprBatch, settings: DprSettings, processes: Processes = ALONE
) -> float:
    """The batch's loss; its gradient is added. Processes return shares that add up to it, and encode equally many chunks.

    Where there are fewer questions or passages than processes, each computes the whole batch, and its share is an equal part
    of that.
    """
    equal_parts = processes.count if min(len(batch.questions), len(batch.passages)) < processes.count else 1
    processes = processes if equal_parts == 1 else ALONE
    questions, passages = processes.share(batch.questions), processes.share(batch.passages)
    candidates = batch.candidates[gathered(len(batch.questions), processes)][
        :, gathered(len(batch.passages), processes)
    ]
    gold = place_of(gathered(len(batch.passages), processes))[batch.gold[gathered(len(batch.questions), processes)]]

    def loss_of(q: Float[Tensor, "b D"], p: Float[Tensor, "n D"]) -> Float[Tensor, ""]:
        device = q.device
        loss = dpr_loss(processes.gather(q), processes.gather(p), gold.to(device), candidates.to(device))
        return loss / equal_parts

    q_parts = cut(questions, *chunking(len(batch.questions), settings.parts, processes.count))
    p_parts = cut(passages, *chunking(len(batch.passages), settings.parts, processes.count))
    q_chunks = question_chunks(model, tokenizer, q_parts, settings.question_length, settings.bf16)
    p_chunks = passage_chunks(model, tokenizer, p_parts, settings.max_length, settings.bf16)
    return backward(q_chunks, p_chunks, loss_of, settings.parts > 1) / processes.count


def gathered(rows: int, processes: Processes) -> list[int]:
    """In which order `gather` puts a batch's rows: those of rank 0, then those of rank 1, …"""
    return [row for rank in range(processes.count) for row in range(rank, rows, processes.count)]


def place_of(order: Sequence[int]) -> Tensor:
    """The inverse of an order: where each row has gone."""
    places = torch.empty(len(order), dtype=torch.long)
    places[torch.tensor(order)] = torch.arange(len(order))
    return places


def measured(model: Towers, tokenizer: Tokenizer, dev: DevPool, settings: DprSettings) -> dict[str, float]:
    """recall_at_1, _5, _20 and nll of the dev questions over their pool."""
    asked, pool = cut(dev.questions, TOGETHER), cut(dev.passages, TOGETHER)
    q = vectors(question_chunks(model, tokenizer, asked, settings.question_length, settings.bf16))
    p = vectors(passage_chunks(model, tokenizer, pool, settings.max_length, settings.bf16))
    return retrieval_measures(q, p, dev.golds.to(q.device))
