"""The knowledge base follows its encoder: which base a step sees is a function of its number, whatever happens on the way."""

import pytest
import torch

from minirag.model.checkpoint import encoder_fingerprint
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.training.loop import train
from minirag.training.rag.reencoding import RollingBase, encode_again
from minirag.training.rag.task import RagSettings, rag_task, trained_networks
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings
from tests.small_rag import PASSAGES, encode
from tests.small_tokenizers import word_piece
from tests.training.rag.small_start import QUESTIONS, small_start

SETTINGS = RagSettings(n_docs=3, batch_size=2, end_to_end=True)
LOOP = LoopSettings(steps=7, learning_rate=5e-3, warmup_steps=1, bf16=False, checkpoint_every=2)
EVERY = 2


def rolling(start, place, every=EVERY):
    return RollingBase(start.model.retriever.knowledge_base, start.context_encoder, word_piece(), place, every)


@pytest.fixture
def start(tmp_path):
    return small_start(tmp_path / "kb")


def test_the_base_of_a_step_was_made_with_the_weights_of_a_fixed_earlier_one(start, tmp_path):
    bases, made = rolling(start, tmp_path / "bases"), {}
    for step in range(9):
        made[step] = encoder_fingerprint(start.context_encoder)
        wanted = max(0, step // EVERY - 1) * EVERY
        assert bases.at(step).sidecar.fingerprint == made[wanted]
        with torch.no_grad():
            next(start.context_encoder.parameters()).add_(0.01)
    bases.close()
    assert len(list((tmp_path / "bases").glob("base-*"))) <= 4  # older ones go


def test_a_run_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(tmp_path):
    """Stopped after step 5, while base 2 is being made; it goes on from step 4, where its snapshot was taken."""

    def weights(folder, stops_after=None):
        start = small_start(tmp_path / "kb")
        networks = trained_networks(start, SETTINGS)
        bases = rolling(start, folder / "bases")
        task = rag_task(start, QUESTIONS, QUESTIONS[:2], SETTINGS, bases.at)
        for progress in train(networks, task, LOOP, RunFolder(folder)):
            if progress.step == stops_after:
                break
        bases.close()
        return networks.state_dict()

    whole = weights(tmp_path / "whole")
    first = small_start(tmp_path / "kb").context_encoder.state_dict()
    assert any(not torch.equal(whole[f"ctx_encoder.{name}"], tensor) for name, tensor in first.items())
    weights(tmp_path / "stopped", stops_after=5)
    again = weights(tmp_path / "stopped")
    assert all(torch.equal(again[name], tensor) for name, tensor in whole.items())


def test_what_was_made_from_other_weights_at_the_same_step_is_made_again(start, tmp_path):
    """A rehearsal tries a step before the checkpoint is read."""
    bases = rolling(start, tmp_path / "bases")
    bases.at(2)
    with torch.no_grad():
        next(start.context_encoder.parameters()).add_(0.5)
    bases.at(2)
    assert bases.at(4).sidecar.fingerprint == encoder_fingerprint(start.context_encoder)
    bases.close()


def test_an_interrupted_encoding_leaves_the_old_base_whole_and_is_begun_again(start, tmp_path):
    old = start.model.retriever.knowledge_base
    folder = tmp_path / "copy"
    old.save(folder)
    before = KnowledgeBase.open(folder).sidecar
    with pytest.raises(InterruptedError):
        encode_again(old, start.context_encoder, word_piece(), folder, stopped=lambda: True)
    assert KnowledgeBase.open(folder).sidecar == before and KnowledgeBase.open(folder).verify() > 0
    killed = tmp_path / "bases" / ".base-1.12345678.unfinished"
    killed.mkdir(parents=True)
    bases = rolling(start, tmp_path / "bases")
    assert not killed.exists()
    for step in range(5):
        bases.at(step)
    bases.close()


def test_a_failed_encoding_stops_the_loop_and_says_so(start, tmp_path, monkeypatch):
    bases = rolling(start, tmp_path / "bases")
    monkeypatch.setattr("minirag.training.rag.reencoding.encode_passages", lambda *_: 1 / 0)
    bases.at(2)
    with pytest.raises(ValueError, match=r"could not be encoded again \(division by zero\)"):
        bases.at(4)


def test_a_missing_snapshot_is_named(start, tmp_path):
    with pytest.raises(ValueError, match=r"snapshot-2\.safetensors: is missing"):
        rolling(start, tmp_path / "bases").at(7)
    with pytest.raises(ValueError, match="reencode_every=0"):
        rolling(start, tmp_path / "bases", every=0)


def test_a_base_that_is_encoded_again_holds_the_same_passages_with_the_encoders_vectors(start, tmp_path):
    made = encode_again(start.model.retriever.knowledge_base, start.context_encoder, word_piece(), tmp_path / "new")
    assert list(made.store) == PASSAGES
    torch.testing.assert_close(made.vectors, encode(PASSAGES))
