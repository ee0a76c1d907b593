"""What if the passages' vectors are fixed? Then a question can be set against the whole knowledge base, not a batch of it.

Paper     RAG §2.4 (context encoder and index stay fixed, only the question encoder is trained)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_against_base.py

−log exp(q(x)·d(z⁺)) / Σ_{z of all N} exp(q(x)·d(z)): the softmax that in-batch negatives stand in for. No passage is encoded,
so a step costs what its questions cost; the base stays valid, since the context encoder is the one that made it.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from random import Random

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.questions.question import Question
from minirag.retrieval.passages import PassageStore
from minirag.text.tokenizers import Tokenizer
from minirag.training.accumulation import accumulate
from minirag.training.dpr.dev_pool import DevPool
from minirag.training.dpr.encoding import chunking, cut, question_chunks
from minirag.training.dpr.objective import dpr_loss
from minirag.training.dpr.task import DprSettings, measured
from minirag.training.dpr.towers import Towers
from minirag.training.loop import Task
from minirag.training.order import Order
from minirag.training.processes import ALONE, Processes


def base_task(
    model: Towers,
    tokenizer: Tokenizer,
    base_vectors: Float[Tensor, "N D"],
    store: PassageStore,
    questions: Sequence[Question],
    trained_on: Sequence[int],
    settings: DprSettings,
    batch_size: int = 64,
    seed: int = 0,
    dev: DevPool | None = None,
    processes: Processes = ALONE,
) -> tuple[Task, Order]:
    """Trains the question's side of `model` on questions whose gold passages the base holds; the other side is frozen."""
    model.ctx_encoder.requires_grad_(False)
    order = Order(len(trained_on), batch_size, seed)
    passages = base_vectors.float()

    def asked_at(step: int) -> list[Question]:
        return [questions[trained_on[number]] for number in order.batch(step)]

    def objective(step: int) -> float:
        rng = Random(f"base {seed} {step}")
        rows = [store.rows_of(question.gold) for question in asked_at(step)]
        batch = [(question, golds, rng.choice(golds)) for question, golds in zip(asked_at(step), rows, strict=True)]
        equal_parts = processes.count if len(batch) < processes.count else 1  # as in task.py
        sharing = processes if equal_parts == 1 else ALONE
        parts = cut(sharing.share(batch), *chunking(len(batch), processes=sharing.count))

        def loss_of(part: Sequence[tuple[Question, list[int], int]]) -> Float[Tensor, ""]:
            texts = [question.question for question, _, _ in part]
            (encode,) = question_chunks(model, tokenizer, [texts], settings.question_length, settings.bf16)
            loss = base_loss(encode(), passages, [golds for _, golds, _ in part], [gold for _, _, gold in part])
            return loss * len(part) / (len(batch) * equal_parts)

        return accumulate([partial(loss_of, part) for part in parts], passages.device, bf16=False)

    def describe(step: int) -> list[dict[str, object]]:
        return [dict(asdict(question)) for question in asked_at(step)]

    measure = None if dev is None else lambda: measured(model, tokenizer, dev, settings)
    return Task(objective, measure, describe), order


def base_loss(
    question_vectors: Float[Tensor, "B D"],
    base_vectors: Float[Tensor, "N D"],
    golds: Sequence[Sequence[int]],
    drawn: Sequence[int],
) -> Float[Tensor, ""]:
    """−log p(z⁺|x) over all N passages but the question's other gold passages, mean over questions, in nats."""
    candidates = torch.ones(len(drawn), len(base_vectors), dtype=torch.bool)
    for i, rows in enumerate(golds):
        candidates[i, list(rows)] = False
        candidates[i, drawn[i]] = True
    device = question_vectors.device
    return dpr_loss(question_vectors, base_vectors, torch.tensor(drawn, device=device), candidates.to(device))
