"""A step of DPR: parts, and processes that gather their vectors, change nothing; and it learns."""

import math

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from minirag.configuration import BertConfig
from minirag.training.dpr.batches import batch_of
from minirag.training.dpr.dev_pool import dev_pool
from minirag.training.dpr.sources import examples_from_questions
from minirag.training.dpr.task import DprSettings, batch_backward, dpr_task, gathered, place_of
from minirag.training.dpr.towers import Towers, new_towers
from minirag.training.loop import train
from minirag.training.processes import Processes
from minirag.training.settings import LoopSettings
from tests.small_tokenizers import word_piece
from tests.training.dpr.small_questions import QUESTIONS, lookup


def small_towers(towers: int = 1, dropout: float = 0.0) -> Towers:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    rates = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    config = BertConfig(vocab_size=word_piece().vocab_size, max_position_embeddings=64, **sizes, **rates)
    return new_towers(config, towers, scale=0.3)


def small_batch():
    examples_at, _ = examples_from_questions(QUESTIONS, [0, 1, 2], lookup, batch_size=3, hard_negatives=2)
    return batch_of(examples_at(0))


def gradients(model: Towers) -> list[Tensor]:
    found = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    return found


@pytest.mark.parametrize("towers", [1, 2])
@pytest.mark.parametrize("parts", [2, 3, 100])
def test_a_batch_in_parts_has_the_loss_and_the_gradient_of_the_whole(towers, parts):
    model = small_towers(towers)
    whole = batch_backward(model, word_piece(), small_batch(), DprSettings(max_length=64))
    expected = gradients(model)
    in_parts = batch_backward(model, word_piece(), small_batch(), DprSettings(max_length=64, parts=parts))
    assert math.isclose(whole, in_parts, rel_tol=1e-5)
    for mine, its in zip(gradients(model), expected, strict=True):
        torch.testing.assert_close(mine, its, atol=1e-5, rtol=1e-4)


class Rehearsed(Processes):
    """One of two processes, told beforehand what `gather` will bring."""

    def gather(self, rows: Float[Tensor, "n D"]) -> Float[Tensor, "m D"]:
        others = next(self.gathers)
        return torch.cat([rows, others] if self.rank == 0 else [others, rows])


@pytest.mark.parametrize("parts", [1, 2])
def test_two_processes_that_gather_have_together_the_gradient_of_one(parts):
    model, batch, settings = small_towers(2), small_batch(), DprSettings(max_length=64, parts=parts)
    whole = batch_backward(model, word_piece(), batch, settings)
    expected = gradients(model)
    ids = [
        word_piece()(batch.questions),
        word_piece()([p.title for p in batch.passages], [p.text for p in batch.passages]),
    ]
    with torch.no_grad():
        q = model.question_vectors(ids[0].input_ids, ids[0].attention_mask)
        d = model.passage_vectors(ids[1].input_ids, ids[1].attention_mask)
    loss = 0.0
    for rank in (0, 1):
        process = Rehearsed(rank, 2)
        object.__setattr__(process, "gathers", iter([q[1 - rank :: 2], d[1 - rank :: 2]]))
        loss += batch_backward(model, word_piece(), batch, settings, process)
    assert math.isclose(loss, whole, rel_tol=1e-5)
    for mine, its in zip(gradients(model), expected, strict=True):
        torch.testing.assert_close(mine, its, atol=1e-5, rtol=1e-4)


def test_rows_are_found_again_where_gathering_has_put_them():
    order = gathered(5, Processes(0, 2))
    assert order == [0, 2, 4, 1, 3]
    assert [order[place] for place in place_of(order)] == [0, 1, 2, 3, 4]


def test_a_retriever_learns_its_questions_and_the_measure_sees_it():
    model, settings = small_towers(), DprSettings(max_length=64)
    examples_at, _ = examples_from_questions(QUESTIONS, [0, 1, 2], lookup, batch_size=3)
    task = dpr_task(model, word_piece(), examples_at, settings, dev_pool(QUESTIONS, lookup, None, 10, 10))
    loop = LoopSettings(steps=60, learning_rate=0.01, warmup_steps=5, measure_every=60, measure_first=True)
    seen = list(train(model, task, loop))
    assert seen[-1].measured["recall_at_1"] == 1.0
    assert seen[-1].measured["nll"] < 0.2 < seen[0].measured["nll"]


def test_a_batch_can_be_described_for_whoever_looks_for_a_fault():
    examples_at, _ = examples_from_questions(QUESTIONS, [0, 1, 2], lookup, batch_size=2)
    rows = dpr_task(small_towers(), word_piece(), examples_at, DprSettings()).describe(0)
    assert [row["question"] for row in rows] == [example.question for example in examples_at(0)]
