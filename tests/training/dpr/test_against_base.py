"""Against fixed vectors the loss is −log of the whole softmax, and only the question's side learns."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.passages import PassageStore
from minirag.training.dpr.against_base import base_loss, base_task
from minirag.training.dpr.task import DprSettings
from minirag.training.loop import train
from minirag.training.settings import LoopSettings
from tests.small_tokenizers import word_piece
from tests.training.dpr.small_questions import PASSAGES, QUESTIONS
from tests.training.dpr.test_task import small_towers


@given(st.integers(0, 50))
def test_the_loss_leaves_out_the_other_gold_passages_alone(seed):
    generator = torch.Generator().manual_seed(seed)
    q, base = torch.randn(1, 3, generator=generator), torch.randn(5, 3, generator=generator)
    scores = (q @ base.mT)[0]
    expected = -(scores[2] - scores[[0, 2, 3]].logsumexp(0)).item()  # 1 and 4 answer it, too
    assert math.isclose(base_loss(q, base, [[1, 2, 4]], [2]).item(), expected, abs_tol=1e-5)


@pytest.mark.parametrize("bf16", [False, True])
def test_the_questions_side_learns_and_the_passages_side_stays_as_it_was(tmp_path, bf16):
    store = PassageStore.create(tmp_path / "passages.sqlite", PASSAGES)
    model = small_towers(towers=2)
    vectors = torch.randn(len(PASSAGES), 16, generator=torch.Generator().manual_seed(0))
    before = {name: tensor.clone() for name, tensor in model.ctx_encoder.state_dict().items()}
    settings = DprSettings(bf16=bf16)
    task, order = base_task(model, word_piece(), vectors, store, QUESTIONS, [0, 1, 2], settings, batch_size=3)
    assert order.steps_per_epoch == 1
    losses = [step.loss for step in train(model, task, LoopSettings(steps=60, learning_rate=0.01, warmup_steps=5))]
    assert losses[-1] < 0.1 * losses[0]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.ctx_encoder.state_dict().items())


def test_a_question_without_a_passage_in_the_base_is_told_with_its_id(tmp_path):
    store = PassageStore.create(tmp_path / "passages.sqlite", PASSAGES[1:])
    task, _ = base_task(
        small_towers(2), word_piece(), torch.zeros(5, 16), store, QUESTIONS, [0], DprSettings(), batch_size=1
    )
    with pytest.raises(ValueError, match="no passage with id 'a'"):
        task.objective(0)
