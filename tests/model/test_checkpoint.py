"""Checkpoints: what is saved is what is loaded, and every tensor of a file is accounted for by name."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from minirag.configuration import BertConfig
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import TABLES, encoder_fingerprint, load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import BART, own_name, published_names
from tests.model.networks import bart, context_encoder, question_encoder, ragged_ids

NETWORKS = {
    DPRQuestionEncoder: question_encoder,
    DPRContextEncoder: context_encoder,
    BartForConditionalGeneration: bart,
}


@pytest.fixture
def folder(tmp_path):
    save_network(bart(), tmp_path)
    return tmp_path


def rewrite(folder, change) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize("network", NETWORKS)
def test_a_saved_network_loads_as_it_was(network, tmp_path):
    model = NETWORKS[network]()
    save_network(model, tmp_path)
    loaded = load_network(network, tmp_path)
    assert loaded.config == model.config and not loaded.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_half_precision_files_load_in_float32(tmp_path):
    save_network(question_encoder(), tmp_path, torch.float16)
    assert {tensor.dtype for tensor in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    loaded = load_network(DPRQuestionEncoder, tmp_path)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    ids, mask = ragged_ids([5, 3])
    exact = question_encoder()(ids, mask).pooler_output
    torch.testing.assert_close(loaded(ids, mask).pooler_output, exact, atol=0.02, rtol=0.02)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_name_table_and_its_inverse_agree(network):
    own = list(NETWORKS[network]().state_dict())
    published = published_names(own, TABLES[network])
    assert len(set(published.values())) == len(own)
    assert [own_name(published[name], TABLES[network]) for name in own] == own


def test_a_missing_tensor_is_named_with_its_shape(folder):
    rewrite(folder, lambda tensors: tensors.pop("model.encoder.layers.1.fc1.weight"))
    with pytest.raises(ValueError, match=r"model.encoder.layers.1.fc1.weight of shape \[24, 16\] is missing"):
        load_network(BartForConditionalGeneration, folder)


def test_an_unknown_tensor_is_named(folder):
    rewrite(folder, lambda tensors: tensors.update({"model.encoder.surprise": torch.zeros(3)}))
    with pytest.raises(ValueError, match=r"unexpected tensor model.encoder.surprise of shape \[3\]"):
        load_network(BartForConditionalGeneration, folder)


def test_a_layer_too_many_is_named(folder):
    name = "model.encoder.layers.{}.fc1.bias"
    rewrite(folder, lambda tensors: tensors.update({name.format(9): tensors[name.format(0)].clone()}))
    with pytest.raises(ValueError, match=r"unexpected tensor model.encoder.layers.9.fc1.bias of shape"):
        load_network(BartForConditionalGeneration, folder)


def test_a_wrong_shape_is_named_with_both_shapes(folder):
    rewrite(folder, lambda tensors: tensors.update({"model.shared.weight": torch.zeros(41, 16)}))
    with pytest.raises(
        ValueError, match=r"model.shared.weight has shape \[41, 16\], the configuration asks for \[40, 16\]"
    ):
        load_network(BartForConditionalGeneration, folder)


def test_each_of_the_tied_names_serves_alone_and_two_that_differ_are_refused(folder):
    tied = [name for name, own in BART.items() if own == "embed_tokens.weight"]
    expected = bart().embed_tokens.weight
    for name in tied:
        rewrite(folder, lambda tensors, name=name: rename_shared(tensors, name))
        assert torch.equal(load_network(BartForConditionalGeneration, folder).embed_tokens.weight, expected)
    rewrite(
        folder, lambda tensors: tensors.update({"lm_head.weight": expected.detach() + 1, tied[0]: expected.detach()})
    )
    with pytest.raises(ValueError, match="differs"):
        load_network(BartForConditionalGeneration, folder)


def rename_shared(tensors, name) -> None:
    shared = next(tensors.pop(old) for old in list(tensors) if BART.get(old) == "embed_tokens.weight")
    tensors[name] = shared


def test_what_is_ignored_on_purpose_is_ignored(tmp_path):
    save_network(question_encoder(), tmp_path)
    extra = {
        "question_encoder.bert_model.embeddings.position_ids": torch.arange(32)[None],
        "question_encoder.bert_model.pooler.dense.weight": torch.zeros(16, 16),
        "question_encoder.bert_model.pooler.dense.bias": torch.zeros(16),
    }
    rewrite(tmp_path, lambda tensors: tensors.update(extra))
    load_network(DPRQuestionEncoder, tmp_path)


def test_a_file_without_the_logits_bias_has_a_bias_of_zero(folder):
    rewrite(folder, lambda tensors: tensors.pop("final_logits_bias"))
    assert (load_network(BartForConditionalGeneration, folder).logits_bias == 0).all()


def test_a_truncated_file_is_refused_in_one_line(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"model\.safetensors: truncated or not a safetensors file") as caught:
        load_network(BartForConditionalGeneration, folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[1]", "\xff"])
def test_a_config_that_is_no_json_object_is_refused(folder, content):
    (folder / "config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"config.json: not "):
        load_network(BartForConditionalGeneration, folder)


def test_a_folder_that_is_no_model_is_named(tmp_path):
    with pytest.raises(ValueError, match="not a model folder"):
        load_network(BartForConditionalGeneration, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bart"}))
    with pytest.raises(ValueError, match=r"not a model folder \(model.safetensors is missing\)"):
        load_network(BartForConditionalGeneration, tmp_path)


def test_the_fingerprint_tells_encoders_apart_and_survives_saving(tmp_path):
    encoder = context_encoder()
    save_network(encoder, tmp_path)
    assert encoder_fingerprint(load_network(DPRContextEncoder, tmp_path)) == encoder_fingerprint(encoder)
    with torch.no_grad():
        encoder.ctx_encoder.bert.layers[1].norm.bias[3] += 1e-3
    assert encoder_fingerprint(load_network(DPRContextEncoder, tmp_path)) != encoder_fingerprint(encoder)


@pytest.mark.parametrize(
    "settings", [{"pooling": "mean"}, {"normalize": True}, {"scale": 20.0}, {"layer_norm_eps": 1e-6}]
)
def test_a_setting_that_changes_vectors_changes_the_fingerprint(settings):
    assert encoder_fingerprint(context_encoder(**settings)) != encoder_fingerprint(context_encoder())


def test_a_setting_at_its_default_does_not_count_in_the_fingerprint(monkeypatch):
    """A knowledge base stays valid when a later version has one more setting."""
    encoder = context_encoder()
    before = encoder_fingerprint(encoder)
    to_dict = BertConfig.to_dict
    monkeypatch.setattr(BertConfig, "to_dict", lambda config: {**to_dict(config), "a_later_setting": "as before"})
    assert encoder_fingerprint(encoder) == before == encoder_fingerprint(context_encoder(model_type="bert"))
