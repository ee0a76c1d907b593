"""The authors' own files: sizes come from the tensors and the arguments, and what cannot be honoured is named."""

import argparse

import pytest
import torch

from minirag.conversion.convert import convert
from minirag.conversion.original_files import original_parts
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from tests.conversion.planted import biencoder, fairseq
from tests.model.networks import bart, bert_config, question_encoder


def refused(tmp_path, content) -> str:
    torch.save(content, tmp_path / "file.pt")
    with pytest.raises(ValueError) as caught:
        convert(tmp_path / "file.pt", tmp_path / "new")
    assert "\n" not in str(caught.value) and str(tmp_path / "file.pt") in str(caught.value)
    assert not (tmp_path / "new").exists()
    return str(caught.value)


def test_the_sizes_of_dpr_are_those_of_its_tensors_with_heads_of_width_64(tmp_path):
    torch.save(biencoder(), tmp_path / "file.cp")
    convert(tmp_path / "file.cp", tmp_path / "new")
    encoder = load_network(DPRQuestionEncoder, tmp_path / "new" / "question_encoder")
    assert encoder.config == bert_config(hidden_size=64, num_attention_heads=1)
    expected = question_encoder(hidden_size=64).state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in encoder.state_dict().items())
    assert load_network(DPRContextEncoder, tmp_path / "new" / "ctx_encoder").config == encoder.config


def test_the_sizes_of_bart_are_those_of_its_tensors_and_arguments(tmp_path):
    torch.save(fairseq({"dropout": 0.3, "relu_dropout": 0.2}), tmp_path / "model.pt")
    convert(tmp_path / "model.pt", tmp_path / "new")
    opened = load_network(BartForConditionalGeneration, tmp_path / "new")
    settings = {"init_std": 0.02, "dropout": 0.3, "activation_dropout": 0.2, "forced_eos_token_id": 2}
    assert opened.config == bart(**settings).config
    assert all(torch.equal(opened.state_dict()[name], tensor) for name, tensor in bart().state_dict().items())


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("encoder_normalize_before", True),
        ("decoder_normalize_before", True),
        ("layernorm_embedding", False),
        ("encoder_learned_pos", False),
        ("share_all_embeddings", False),
        ("activation_fn", "tanh"),
    ],
)
def test_an_argument_that_cannot_be_honoured_is_named(tmp_path, setting, value):
    assert f"={value!r} cannot be honoured" in refused(tmp_path, fairseq({setting: value}))


@pytest.mark.parametrize("missing", ["encoder_attention_heads", "activation_fn", "no_scale_embedding"])
def test_an_argument_that_is_missing_is_named(tmp_path, missing):
    content = fairseq()
    delattr(content["args"], missing)
    assert f"{missing} is missing" in refused(tmp_path, content)


def test_a_file_without_arguments_is_refused(tmp_path):
    assert "arguments of the training are missing" in refused(tmp_path, fairseq(args=None, cfg=None))
    assert "arguments of the training are missing" in refused(tmp_path, fairseq(args=None, cfg={"model": 3}))


def test_another_kind_of_encoder_is_named(tmp_path):
    content = biencoder(encoder_params={"encoder": {"encoder_model_type": "hf_roberta"}})
    assert "encoder_model_type='hf_roberta' cannot be honoured" in refused(tmp_path, content)


def test_a_width_that_does_not_tell_the_number_of_heads_is_named(tmp_path):
    content = biencoder()
    name = "question_model.embeddings.word_embeddings.weight"
    content["model_dict"][name] = torch.zeros(40, 48)
    assert "hidden size 48 is no multiple of 64" in refused(tmp_path, content)


def test_a_tensor_too_many_or_too_few_is_named(tmp_path):
    content = biencoder()
    content["model_dict"]["reader.weight"] = torch.zeros(3)
    assert "unexpected tensor reader.weight of shape [3]" in refused(tmp_path, content)
    del content["model_dict"]["reader.weight"]
    lost = content["model_dict"].pop("ctx_model.encoder.layer.1.output.dense.bias")
    line = refused(tmp_path, content)
    assert f"tensor ctx_model.encoder.layer.1.output.dense.bias of shape {list(lost.shape)} is missing" in line
    content = fairseq()
    del content["model"]["decoder.embed_positions.weight"]
    assert "tensor decoder.embed_positions.weight of shape [34, 16] is missing" in refused(tmp_path, content)


def test_an_output_layer_that_is_not_tied_is_refused(tmp_path):
    content = fairseq()
    content["model"]["decoder.output_projection.weight"] = content["model"]["encoder.embed_tokens.weight"] + 1
    assert "decoder.output_projection.weight should be the same tensor" in refused(tmp_path, content)


@pytest.mark.parametrize("content", [3, [], {}, {"model": {}}, {"args": argparse.Namespace()}])
def test_any_other_content_is_no_original_file(tmp_path, content):
    assert original_parts(content, tmp_path) is None
