"""convert: every tensor is told of, the destination is whole or not there, and only what was asked for changes."""

import json
import shutil

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from minirag.conversion.convert import convert
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from minirag.text.tokenizers import Tokenizer
from tests.conversion.planted import fairseq, write_bin_folder
from tests.model.layouts import into_shards, plain_bert
from tests.model.networks import bart, context_encoder, question_encoder
from tests.model.test_sentence_transformers import write_modules
from tests.small_rag import context_encoder as small_context_encoder
from tests.small_rag import small_rag
from tests.small_tokenizers import byte_level, word_piece


def one_line(*arguments, **settings) -> str:
    with pytest.raises(ValueError) as caught:
        convert(*arguments, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write_plain_bert(folder, **config):
    save_network(question_encoder(), folder)
    save_file(plain_bert(load_file(folder / "model.safetensors")), folder / "model.safetensors")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "model_type": "bert", **config}))
    return folder


def test_every_tensor_of_a_file_has_one_fate(tmp_path):
    extra = {"lm_head.weight": bart().embed_tokens.weight.detach(), "qa_outputs.bias": torch.zeros(2)}
    path = write_bin_folder(tmp_path / "source", **extra)
    (done,) = convert(path, tmp_path / "new")
    stored = torch.load(path, weights_only=True)
    assert [fate.name for fate in done.fates] == list(stored)
    assert all(fate.shape == stored[fate.name].shape and fate.dtype == stored[fate.name].dtype for fate in done.fates)
    told = {fate.name: (fate.what, fate.why) for fate in done.fates}
    assert told["model.shared.weight"] == ("kept", "model.shared.weight")
    assert told["lm_head.weight"] == ("tied", "model.shared.weight")
    assert told["qa_outputs.bias"] == ("dropped", "a head for another task")
    written = load_file(tmp_path / "new" / "model.safetensors")
    assert {fate.why for fate in done.fates if fate.what == "kept"} == set(written)


def test_converting_what_is_converted_changes_no_byte(tmp_path):
    convert(write_bin_folder(tmp_path / "source"), tmp_path / "once")
    convert(tmp_path / "once", tmp_path / "twice")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", None])
def test_the_number_format_is_the_one_asked_for_else_the_files_own(tmp_path, dtype):
    save_network(bart(), tmp_path / "source", torch.bfloat16)
    convert(tmp_path / "source", tmp_path / "new", dtype=dtype)
    written = load_file(tmp_path / "new" / "model.safetensors")
    assert {tensor.dtype for tensor in written.values()} == {getattr(torch, dtype or "bfloat16")}


def test_a_number_too_large_for_float16_is_named(tmp_path):
    model = bart()
    model.embed_tokens.weight.data[3, 3] = 70_000.0
    save_network(model, tmp_path / "source")
    line = one_line(tmp_path / "source", tmp_path / "new", dtype="float16")
    assert "model.shared.weight: 7e+04 is too large for float16; take bfloat16" in line
    convert(tmp_path / "source", tmp_path / "new", dtype="bfloat16")


@pytest.mark.parametrize("file", ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"])
def test_a_file_serves_as_source_with_the_config_beside_it(tmp_path, file):
    save_network(bart(), tmp_path / "source")
    if file.endswith("index.json"):
        into_shards(tmp_path / "source")
    if file.endswith("bin"):
        write_bin_folder(tmp_path / "source")
    convert(tmp_path / "source" / file, tmp_path / "new")
    opened = load_network(BartForConditionalGeneration, tmp_path / "new")
    assert torch.equal(opened.embed_tokens.weight, bart().embed_tokens.weight)


def test_safetensors_are_read_where_there_is_a_pickle_too(tmp_path):
    save_network(bart(), tmp_path / "source")
    (tmp_path / "source" / "pytorch_model.bin").write_bytes(b"no weights at all")
    convert(tmp_path / "source", tmp_path / "new")


# --- what a plain BERT is to become


@pytest.mark.parametrize(("kind", "network"), [("question", DPRQuestionEncoder), ("context", DPRContextEncoder)])
def test_a_sentence_transformers_folder_keeps_its_pooling(tmp_path, kind, network):
    write_modules(write_plain_bert(tmp_path / "source"))
    word_piece().save_pretrained(tmp_path / "source")
    (done,) = convert(tmp_path / "source", tmp_path / "new", as_encoder=f"{kind}-encoder")
    assert done.notes == ["pooling='mean', normalize=True: transformers reads neither, and takes the [CLS] state"]
    opened = load_network(network, tmp_path / "new")
    assert (opened.config.pooling, opened.config.normalize, opened.config.model_type) == ("mean", True, "dpr")
    assert Tokenizer.from_pretrained(tmp_path / "new").encode("Bern") == word_piece().encode("Bern")


def test_a_plain_bert_does_not_become_something_by_itself(tmp_path):
    line = one_line(write_plain_bert(tmp_path / "source"), tmp_path / "new")
    assert "a plain BERT; say what it is to be: --as question-encoder or --as context-encoder" in line


def test_nothing_else_becomes_an_encoder(tmp_path):
    save_network(bart(), tmp_path / "bart")
    assert "--as question-encoder is for a plain BERT" in one_line(
        tmp_path / "bart", tmp_path / "new", as_encoder="question-encoder"
    )
    torch.save(fairseq(), tmp_path / "model.pt")
    assert "--as question-encoder is for a plain BERT" in one_line(
        tmp_path / "model.pt", tmp_path / "new", as_encoder="question-encoder"
    )


@pytest.mark.parametrize("model", [question_encoder, context_encoder])
def test_an_encoder_of_dpr_says_itself_which_it_is(tmp_path, model):
    save_network(model(), tmp_path / "source")
    (done,) = convert(tmp_path / "source", tmp_path / "new")
    assert done.architecture == type(model()).__name__
    load_network(type(model()), tmp_path / "new")


# --- RAG


def test_a_rag_folder_keeps_its_tokenizers_and_its_context_encoder(tmp_path):
    small_rag(RagTokenForGeneration).save_pretrained(tmp_path / "source")
    save_network(small_context_encoder(), tmp_path / "source" / "ctx_encoder")
    first, second = convert(tmp_path / "source", tmp_path / "new")
    assert (first.folder, second.folder) == ("", "ctx_encoder")
    assert first.tokenizers == ["question_encoder_tokenizer", "generator_tokenizer"]
    answers = [RagTokenForGeneration.from_pretrained(tmp_path / name) for name in ("source", "new")]
    assert len({model.answer("Who?", ["Marie Curie"]).text for model in answers}) == 1
    load_network(DPRContextEncoder, tmp_path / "new" / "ctx_encoder")


def test_a_knowledge_base_stays_where_it_is_and_serves_the_converted_model(tiny_folder, tmp_path):
    rag, _ = convert(tiny_folder, tmp_path / "new")
    assert rag.notes == ["knowledge_base/ is not copied: it opens with --kb as long as its context encoder is the same"]
    assert not (tmp_path / "new" / "knowledge_base").exists()
    models = [
        RagTokenForGeneration.from_pretrained(folder, knowledge_base=tiny_folder / "knowledge_base")
        for folder in (tiny_folder, tmp_path / "new")
    ]
    assert len({model.answer("capital of Malta?").text for model in models}) == 1
    convert(tiny_folder, tmp_path / "rounded", dtype="bfloat16")  # the folder is in float16
    with pytest.raises(ValueError, match="another context encoder"):
        RagTokenForGeneration.from_pretrained(tmp_path / "rounded", knowledge_base=tiny_folder / "knowledge_base")


def test_a_plain_bert_beside_a_rag_model_is_its_context_encoder(tmp_path):
    small_rag(RagTokenForGeneration).save_pretrained(tmp_path / "source")
    write_modules(write_plain_bert(tmp_path / "source" / "ctx_encoder"))
    _, context = convert(tmp_path / "source", tmp_path / "new")
    assert context.architecture == "DPRContextEncoder"
    assert load_network(DPRContextEncoder, tmp_path / "new" / "ctx_encoder").config.pooling == "mean"


def test_a_variant_changes_only_when_asked_for(tmp_path):
    small_rag(RagTokenForGeneration).save_pretrained(tmp_path / "token")
    convert(tmp_path / "token", tmp_path / "same")
    with pytest.raises(ValueError, match="holds a RagTokenForGeneration"):
        RagSequenceForGeneration.from_pretrained(tmp_path / "same")
    convert(tmp_path / "token", tmp_path / "sequence", variant="sequence")
    RagSequenceForGeneration.from_pretrained(tmp_path / "sequence")
    with pytest.raises(ValueError, match="holds a RagSequenceForGeneration"):
        RagTokenForGeneration.from_pretrained(tmp_path / "sequence")


def test_a_rag_model_becomes_a_variant_with_its_names(tmp_path):
    small_rag(RagTokenForGeneration).rag.save_pretrained(tmp_path / "model")
    (done,) = convert(tmp_path / "model", tmp_path / "new", variant="token")
    assert done.architecture == "RagTokenForGeneration"
    assert all(name.startswith("rag.") for name in load_file(tmp_path / "new" / "model.safetensors"))
    RagModel.from_pretrained(tmp_path / "new")


def test_only_a_rag_model_has_variants(tmp_path):
    save_network(bart(), tmp_path / "bart")
    line = one_line(tmp_path / "bart", tmp_path / "new", variant="token")
    assert "--variant token is for a RAG model, and this is a BartForConditionalGeneration" in line


# --- tokenizers


def test_a_tokenizer_of_any_layout_is_written_as_tokenizer_json(tmp_path):
    save_network(bart(), tmp_path / "source")
    model = json.loads(byte_level().backend.to_str())["model"]
    (tmp_path / "source" / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = "\n".join(merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"])
    (tmp_path / "source" / "merges.txt").write_text("#version: 0.2\n" + merges)
    (done,) = convert(tmp_path / "source", tmp_path / "new")
    assert done.tokenizers == [""] and (tmp_path / "new" / "tokenizer.json").is_file()
    text = "It's 3,155 km, près de Lyon."
    assert Tokenizer.from_pretrained(tmp_path / "new").encode(text) == byte_level().encode(text)


# --- whole or not at all


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_destination_that_is_there_is_left_alone(tmp_path, kind):
    save_network(bart(), tmp_path / "source")
    place = tmp_path / "place"
    place.mkdir() if kind == "folder" else place.write_text("mine")
    assert "place: is there already" in one_line(tmp_path / "source", place)
    assert "source: is there already" in one_line(tmp_path / "source", tmp_path / "source")


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_fault_leaves_nothing_behind(tmp_path, data):
    """A tensor that is missing, left over or of another shape, or a tokenizer that cannot be read."""
    source = tmp_path / "source"
    shutil.rmtree(source, ignore_errors=True)
    tensors = torch.load(write_bin_folder(source), weights_only=True)
    name = data.draw(st.sampled_from(sorted(tensors.keys() - {"final_logits_bias"})))
    fault = data.draw(st.sampled_from(["missing", "left over", "shape", "tokenizer"]))
    if fault == "missing":
        del tensors[name]
    elif fault == "left over":
        tensors[name + ".more"] = torch.zeros(1)
    elif fault == "shape":
        tensors[name] = tensors[name][:-1].clone()
    else:
        (source / "tokenizer.json").write_text("{")
    torch.save(tensors, source / "pytorch_model.bin")
    line = one_line(source, tmp_path / "new")
    assert ("tokenizer" if fault == "tokenizer" else name) in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


@pytest.mark.parametrize("kind", ["t5", None, 3, ["bert"]])
def test_another_model_type_is_named(tmp_path, kind):
    save_network(bart(), tmp_path / "source")
    settings = json.loads((tmp_path / "source" / "config.json").read_text())
    (tmp_path / "source" / "config.json").write_text(json.dumps({**settings, "model_type": kind}))
    line = one_line(tmp_path / "source", tmp_path / "new")
    assert f"model_type={kind!r} cannot be honoured (one of dpr, bert, bart, rag)" in line


def test_a_source_that_is_no_checkpoint_is_named(tmp_path):
    assert "nowhere: no such file or folder" in one_line(tmp_path / "nowhere", tmp_path / "new")
    (tmp_path / "empty").mkdir()
    assert "empty: not a model folder (config.json is missing)" in one_line(tmp_path / "empty", tmp_path / "new")
    (tmp_path / "empty" / "config.json").write_text('{"model_type": "bart"}')
    assert "empty: not a model folder (model.safetensors is missing)" in one_line(tmp_path / "empty", tmp_path / "new")
    torch.save({"a": torch.zeros(2)}, tmp_path / "weights.pt")
    assert "not a model folder (config.json is missing)" in one_line(tmp_path / "weights.pt", tmp_path / "new")
