"""A step of training RAG: the whole batch's loss however it is cut up, and only what is to learn has a gradient."""

import pytest
import torch

from minirag.rag import RagSequenceForGeneration
from minirag.training.loop import train
from minirag.training.processes import Processes
from minirag.training.rag.objective import answer_batch_ids
from minirag.training.rag.task import RagSettings, rag_order, rag_task, trained_networks
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings
from tests.training.rag.small_start import QUESTIONS, small_start

LOOP = LoopSettings(steps=4, learning_rate=3e-3, warmup_steps=1, bf16=False, measure_every=2, measure_first=True)


@pytest.fixture
def start(tmp_path):
    return small_start(tmp_path / "kb")


def task_of(start, settings, **others):
    networks = trained_networks(start, settings)
    return networks.eval(), rag_task(start, QUESTIONS, QUESTIONS[:3], settings, **others)


def gradients(networks):
    found = {name: p.grad for name, p in networks.named_parameters() if p.grad is not None}
    networks.zero_grad()
    return found


@pytest.mark.parametrize("likelihood", ["token", "sequence"])
def test_the_loss_of_a_step_is_the_mean_of_its_questions_losses(start, likelihood, tmp_path):
    if likelihood == "sequence":
        start = small_start(tmp_path / "kb", RagSequenceForGeneration)
    settings = RagSettings(likelihood=likelihood, n_docs=3, batch_size=3, answers="drawn")
    _, task = task_of(start, settings)
    loss = task.objective(0)
    rows = task.describe(0)
    answers = answer_batch_ids(
        start.model.rag.tokenizer.generator, start.model.config.generator, [r["answer"] for r in rows]
    )
    labels = answers.input_ids.masked_fill(~answers.attention_mask, -100)
    expected = start.model(questions=[row["question"] for row in rows], labels=labels).loss.mean()
    assert loss == pytest.approx(expected.item(), rel=1e-5)


def test_a_batch_in_parts_and_a_batch_shared_by_two_processes_have_the_gradient_of_the_whole(start):
    whole = RagSettings(n_docs=3, batch_size=5, label_smoothing=0.1)
    networks, task = task_of(start, whole)
    loss, expected = task.objective(0), gradients(networks)
    networks, task = task_of(start, RagSettings(n_docs=3, batch_size=5, label_smoothing=0.1, at_once=2))
    assert task.objective(0) == pytest.approx(loss, rel=1e-5)
    compare(gradients(networks), expected)
    parts = [task_of(start, whole, processes=Processes(rank, 2))[1].objective(0) for rank in (0, 1)]
    assert sum(parts) == pytest.approx(loss, rel=1e-5)
    compare(gradients(networks), expected)


def compare(mine, theirs):
    assert mine.keys() == theirs.keys()
    for name, gradient in mine.items():
        torch.testing.assert_close(gradient, theirs[name], atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("retriever", ["frozen", "bm25", "closed-book"])
def test_only_a_learned_retriever_gets_a_gradient(start, retriever):
    networks, task = task_of(start, RagSettings(retriever=retriever, n_docs=3))
    task.objective(0)
    assert set(networks) == {"generator"}
    assert all(p.grad is None and not p.requires_grad for p in start.model.question_encoder.parameters())
    learned, task = task_of(start, RagSettings(n_docs=3))
    task.objective(0)
    assert set(learned) == {"generator", "question_encoder"}
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in learned["question_encoder"].parameters())
    assert all(p.grad is None for p in start.context_encoder.parameters())


@pytest.mark.parametrize(
    "settings", [RagSettings(n_docs=3), RagSettings(retriever="bm25", likelihood="both", n_docs=2)]
)
def test_the_loss_falls_and_everything_is_measured(start, settings):
    networks, task = task_of(start, settings)
    loop = LoopSettings(steps=40, learning_rate=5e-3, warmup_steps=1, bf16=False, measure_every=40, measure_first=True)
    progress = list(train(networks, task, loop))
    assert progress[-1].measured["nll_per_answer"] < 0.5 * progress[0].measured["nll_per_answer"]
    for measured in (progress[0].measured, progress[-1].measured):
        assert {"nll_per_token", "exact_match", "f1", "recall_at_1", "prior_entropy", "posterior_kl"} < measured.keys()
        assert measured["distinct_passages"] <= 1.0


def test_each_answer_is_trained_on_once_an_epoch_or_one_is_drawn():
    assert rag_order(QUESTIONS, RagSettings(batch_size=3)).count == 7
    assert rag_order(QUESTIONS, RagSettings(batch_size=3, answers="drawn")).count == 5


def test_a_run_that_was_stopped_ends_with_the_same_weights_bit_for_bit(tmp_path):
    def weights(folder, stops_after=None):
        start = small_start(tmp_path / "kb")
        networks, task = task_of(start, RagSettings(n_docs=3, batch_size=2))
        steps = train(networks, task, LoopSettings(**{**vars(LOOP), "checkpoint_every": 1}), RunFolder(folder))
        for progress in steps:
            if progress.step == stops_after:
                return None
        return networks.state_dict()

    whole = weights(tmp_path / "whole")
    weights(tmp_path / "stopped", stops_after=2)
    again = weights(tmp_path / "stopped")
    assert all(torch.equal(again[name], tensor) for name, tensor in whole.items())


@pytest.mark.parametrize(
    "settings, fault",
    [
        ({"retriever": "oracle"}, "retriever='oracle'"),
        ({"likelihood": "either"}, "likelihood='either'"),
        ({"answers": "some"}, "answers='some'"),
        ({"label_smoothing": 1.0}, "label_smoothing=1.0"),
        ({"n_docs": 0}, "n_docs=0"),
        ({"end_to_end": True, "retriever": "frozen"}, "end_to_end trains the retriever"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(settings, fault):
    with pytest.raises(ValueError, match=fault):
        RagSettings(**settings)
