"""One network, many published layouts: names, files and number formats differ, and the network that opens does not."""

import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import TABLES, load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import BART, layout
from tests.model import layouts
from tests.model.networks import bart, context_encoder, question_encoder

TIED = [name for name, own in BART.items() if own == "embed_tokens.weight"]
DTYPES = [torch.float32, torch.float16, torch.bfloat16]
few = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(folder, model, change, dtype=torch.float32, **config) -> None:
    """A saved network with its tensors changed, in another number format, and other settings."""
    save_network(model, folder)
    tensors = change(load_file(folder / "model.safetensors"))
    save_file(
        {name: t.to(dtype) if t.is_floating_point() else t for name, t in tensors.items()}, folder / "model.safetensors"
    )
    written = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**written, **config}))


def assert_same_weights(opened, expected, dtype=torch.float32) -> None:
    assert opened.config == expected.config
    for name, tensor in expected.state_dict().items():
        assert torch.equal(opened.state_dict()[name], tensor.to(dtype).float()), name


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("change", [layouts.plain_bert, layouts.bert_for_pre_training, layouts.first_bert])
def test_a_plain_bert_opens_as_the_dpr_encoder_with_its_weights(tmp_path, change, dtype):
    write(tmp_path, question_encoder(), change, dtype, model_type="bert")
    assert_same_weights(load_network(DPRQuestionEncoder, tmp_path), question_encoder(), dtype)


def test_a_plain_bert_opens_as_a_context_encoder_too(tmp_path):
    write(tmp_path, context_encoder(), lambda tensors: layouts.plain_bert(tensors, "ctx_encoder"), model_type="bert")
    assert_same_weights(load_network(DPRContextEncoder, tmp_path), context_encoder())


def test_a_question_encoder_does_not_open_as_a_context_encoder(tmp_path):
    save_network(question_encoder(), tmp_path)
    with pytest.raises(ValueError, match=r"unexpected tensor question_encoder\.bert_model\."):
        load_network(DPRContextEncoder, tmp_path)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("change", [dict, layouts.bart_model, layouts.old_bart])
def test_bart_opens_with_the_prefix_and_without(tmp_path, change, dtype):
    write(tmp_path, bart(), change, dtype)
    assert_same_weights(load_network(BartForConditionalGeneration, tmp_path), bart(), dtype)


@few
@given(st.lists(st.sampled_from(TIED), min_size=1, unique=True), st.booleans(), st.booleans())
def test_any_of_the_tied_names_will_do_in_any_combination(tmp_path, present, bare, with_bias):
    def change(tensors):
        shared = tensors.pop(TIED[0])
        tensors |= {name: shared.clone() for name in present}
        if not with_bias:
            del tensors["final_logits_bias"]
        return {name.removeprefix("model."): tensor for name, tensor in tensors.items()} if bare else tensors

    write(tmp_path, bart(), change)
    assert_same_weights(load_network(BartForConditionalGeneration, tmp_path), bart())


@few
@given(st.lists(st.sampled_from(TIED), min_size=2, unique=True), st.data())
def test_tied_names_that_differ_are_refused_whichever_they_are(tmp_path, present, data):
    odd = data.draw(st.sampled_from(present))
    write(tmp_path, bart(), lambda t: {**t, **{name: t[TIED[0]] + (name == odd) for name in [*present, TIED[0]]}})
    with pytest.raises(ValueError, match=r"should be the same tensor as its tied names, and differs"):
        load_network(BartForConditionalGeneration, tmp_path)


def test_tied_names_in_different_number_formats_differ(tmp_path):
    write(tmp_path, bart(), lambda tensors: {**tensors, "lm_head.weight": tensors[TIED[0]].half()}, torch.float32)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, "lm_head.weight": tensors[TIED[0]].half()}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="differs"):
        load_network(BartForConditionalGeneration, tmp_path)


@few
@given(st.data())
def test_a_tensor_that_is_missing_is_named_as_the_file_would_name_it(tmp_path, data):
    """In every layout, whichever tensor it is."""
    model, change = data.draw(st.sampled_from([(question_encoder, layouts.first_bert), (bart, layouts.bart_model)]))
    write(tmp_path, model(), change)
    tensors = load_file(tmp_path / "model.safetensors")
    dropped = [n for n in tensors if n.startswith("cls.") or "pooler" in n]
    gone = data.draw(st.sampled_from(sorted(tensors.keys() - set(dropped))))
    shape = list(tensors.pop(gone).shape)
    save_file(tensors, tmp_path / "model.safetensors")
    named = gone.replace("gamma", "weight").replace("beta", "bias")
    with pytest.raises(ValueError) as caught:
        load_network(type(model()), tmp_path)
    assert f"tensor {named} of shape {shape} is missing" in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.int8, torch.bool, torch.float8_e4m3fn], ids=str)
def test_numbers_that_are_no_plain_floats_are_refused(tmp_path, dtype):
    name = "model.decoder.layernorm_embedding.bias"
    write(tmp_path, bart(), lambda tensors: {**tensors, name: torch.ones(16).to(dtype)}, torch.float32)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file({**tensors, name: torch.ones(16).to(dtype)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=rf"tensor {name} is of type \w+, which is no plain float"):
        load_network(BartForConditionalGeneration, tmp_path)


def test_opening_draws_no_random_number(tmp_path):
    save_network(bart(), tmp_path)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load_network(BartForConditionalGeneration, tmp_path)
    assert torch.equal(torch.rand(2), expected)


def test_the_written_layout_wins_where_several_know_as_much():
    assert layout([], (TABLES[DPRQuestionEncoder], {})) is TABLES[DPRQuestionEncoder]
