"""A finished training is a folder that opens and gives the same answers; trained end to end, with a base of its own."""

import pytest
import torch

from minirag.model.checkpoint import encoder_fingerprint
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.training.rag.saving import save_trained
from minirag.training.rag.task import RagSettings, trained_networks
from tests.training.rag.small_start import small_start

ASKED = "What is the capital of Mongolia?"


def test_the_folder_opens_as_what_it_was_trained_for_and_gives_the_same_answer(tmp_path):
    start = small_start(tmp_path / "kb", RagSequenceForGeneration)
    expected = start.model.answer(ASKED)
    assert save_trained(start, RagSettings(likelihood="sequence"), tmp_path / "out") is None
    opened = RagSequenceForGeneration.from_pretrained(tmp_path / "out", knowledge_base=tmp_path / "kb")
    assert opened.answer(ASKED).logprob == pytest.approx(expected.logprob, abs=1e-4)
    with pytest.raises(ValueError, match="holds a RagSequenceForGeneration"):
        RagTokenForGeneration.from_pretrained(tmp_path / "out")


def test_trained_for_both_it_opens_as_either_and_may_bring_the_knowledge_base_along(tmp_path):
    start = small_start(tmp_path / "kb")
    save_trained(start, RagSettings(likelihood="both"), tmp_path / "out", keep_base=True)
    for variant in (RagTokenForGeneration, RagSequenceForGeneration):
        assert variant.from_pretrained(tmp_path / "out").answer(ASKED).passages


def test_end_to_end_the_base_is_made_by_the_context_encoder_as_it_is_now(tmp_path):
    start = small_start(tmp_path / "kb")
    settings = RagSettings(end_to_end=True)
    trained_networks(start, settings)
    with torch.no_grad():
        next(start.context_encoder.parameters()).add_(0.1)
    base = save_trained(start, settings, tmp_path / "out")
    assert base.sidecar.fingerprint == encoder_fingerprint(start.context_encoder)
    assert base.sidecar.fingerprint != KnowledgeBase.open(tmp_path / "kb").sidecar.fingerprint
    assert RagTokenForGeneration.from_pretrained(tmp_path / "out").answer(ASKED).passages
