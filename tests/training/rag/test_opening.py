"""What a training starts from: folders of any kind, joined; what does not belong together is named."""

from dataclasses import replace

import pytest
import torch

from minirag.model.checkpoint import encoder_fingerprint, load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.rag import RagSequenceForGeneration
from minirag.training.rag.opening import open_start
from tests.model.networks import bart
from tests.small_tokenizers import byte_level, word_piece


@pytest.fixture
def pair(tmp_path, tiny_folder):
    """The two folders that `minirag train dpr` writes."""
    context_encoder = load_network(DPRContextEncoder, tiny_folder / "ctx_encoder")
    question_encoder = DPRQuestionEncoder(context_encoder.config)
    for name, network in (("question_encoder", question_encoder), ("ctx_encoder", context_encoder)):
        save_network(network, tmp_path / "dpr" / name)
        word_piece().save_pretrained(tmp_path / "dpr" / name)
    return tmp_path / "dpr"


@pytest.fixture
def generator(tmp_path):
    save_network(bart(vocab_size=byte_level().vocab_size, max_position_embeddings=90), tmp_path / "bart")
    byte_level().save_pretrained(tmp_path / "bart")
    return tmp_path / "bart"


def test_a_rag_folder_brings_everything(tiny_folder):
    start = open_start(tiny_folder, likelihood="sequence", n_docs=2)
    assert isinstance(start.model, RagSequenceForGeneration)
    assert start.model.config.n_docs == 2
    assert encoder_fingerprint(start.context_encoder) == start.model.retriever.knowledge_base.sidecar.fingerprint
    assert start.model.answer("What is the capital of Malta?").passages


def test_a_dpr_pair_and_a_bart_are_joined_over_a_knowledge_base(tiny_folder, pair, generator):
    start = open_start(tiny_folder, pair, generator, tiny_folder / "knowledge_base")
    assert start.model.config.max_combined_length == 90  # this BART reads no more
    assert start.context_encoder is not None
    assert start.model.answer("What is the capital of Malta?", n_docs=2).passages


def test_one_part_may_be_replaced_and_a_scale_makes_vectors_longer(tiny_folder, generator):
    plain, scaled = open_start(tiny_folder), open_start(tiny_folder, generator=generator, scale=20.0)
    asked = ["What is the capital of Malta?"]
    one, other = (start.model.rag.retrieve_for(asked, 3) for start in (plain, scaled))
    torch.testing.assert_close(other.doc_scores, 20.0 * one.doc_scores)
    assert scaled.model.config.question_encoder.scale == 20.0
    assert scaled.model.config.doc_sep == plain.model.config.doc_sep


def test_a_knowledge_base_of_another_context_encoder_is_refused(tiny_folder, tmp_path, generator):
    torch.manual_seed(9)
    config = load_network(DPRContextEncoder, tiny_folder / "ctx_encoder").config
    save_network(DPRQuestionEncoder(config), tmp_path / "other" / "question_encoder")
    save_network(DPRContextEncoder(config), tmp_path / "other" / "ctx_encoder")
    word_piece().save_pretrained(tmp_path / "other" / "question_encoder")
    with pytest.raises(ValueError, match="another context encoder"):
        open_start(tiny_folder, tmp_path / "other", generator, tiny_folder / "knowledge_base")


def test_vectors_of_another_length_are_refused(tiny_folder, tmp_path, generator):
    config = load_network(DPRContextEncoder, tiny_folder / "ctx_encoder").config
    wider = replace(config, projection_dim=7)
    save_network(DPRQuestionEncoder(wider), tmp_path / "wide")
    word_piece().save_pretrained(tmp_path / "wide")
    with pytest.raises(ValueError, match="dimension 16, a question's has 7"):
        open_start(tiny_folder, tmp_path / "wide", generator, tiny_folder / "knowledge_base")


def test_a_closed_book_needs_no_knowledge_base(tiny_folder, generator):
    assert open_start(tiny_folder, generator=generator, closed_book=True).model.retriever is None


def test_a_generator_with_random_weights_is_the_same_for_the_same_seed(tiny_folder):
    asked = "What is the capital of Malta?"
    one, same, other = (open_start(tiny_folder, fresh_generator=seed).model.answer(asked).logprob for seed in (1, 1, 2))
    assert one == same != other != open_start(tiny_folder).model.answer(asked).logprob
