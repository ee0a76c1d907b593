"""`minirag convert` against transformers 5.23.0: from every kind of file that a model was published in, to a folder that both
libraries open, whole, with the numbers of the model it came from."""

import argparse
import json

import pytest
import torch
import transformers as theirs

from minirag import rag
from minirag.configuration import BartConfig, BertConfig
from minirag.conversion.convert import convert
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from tests.model.layouts import write_shards

CLOSE = {"atol": 1e-5, "rtol": 1e-5}
BERT_SIZES = {"vocab_size": 50, "num_hidden_layers": 2, "intermediate_size": 24, "max_position_embeddings": 32}
BART_SIZES = {"vocab_size": 40, "d_model": 16, "encoder_layers": 2, "decoder_layers": 1, "encoder_ffn_dim": 24}
BART_HEADS = {"encoder_attention_heads": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 20}
ENCODERS = {
    "question-encoder": (DPRQuestionEncoder, theirs.DPRQuestionEncoder),
    "context-encoder": (DPRContextEncoder, theirs.DPRContextEncoder),
}
RAGS = ["RagModel", "RagTokenForGeneration", "RagSequenceForGeneration"]
IDS = torch.tensor([[4, 8, 9, 3], [5, 7, 3, 1]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
DECODER_IDS = torch.tensor([[2, 0, 17], [2, 0, 5]])
CONTEXTS = {
    "context_input_ids": torch.arange(3, 27).view(4, 6),
    "context_attention_mask": torch.ones(4, 6, dtype=torch.long),
    "doc_scores": torch.tensor([[0.5, 1.5], [2.0, -1.0]]),
    "decoder_input_ids": DECODER_IDS,
}
theirs.logging.disable_progress_bar()


def dpr_config(**settings):
    sizes = {**BERT_SIZES, "hidden_size": 16, "num_attention_heads": 2, "initializer_range": 0.3}
    return theirs.DPRConfig(**{**sizes, **settings})


def bert(network, seed=0, **settings):
    torch.manual_seed(seed)
    sizes = {**BERT_SIZES, "hidden_size": 128, "num_attention_heads": 2, "initializer_range": 0.1}
    return network(theirs.BertConfig(**{**sizes, **settings})).eval()


def bart(network=theirs.BartForConditionalGeneration, **settings):
    torch.manual_seed(0)
    return network(
        theirs.BartConfig(**BART_SIZES, **BART_HEADS, max_position_embeddings=32, init_std=0.3, **settings)
    ).eval()


def rag_model(name):
    torch.manual_seed(0)
    config = theirs.RagConfig.from_question_encoder_generator_configs(
        dpr_config(), bart().config, n_docs=2, retrieval_vector_size=16
    )
    return getattr(theirs, name)(config).eval()


def write_config(folder, model, **changes) -> None:
    settings = {**model.config.to_dict(), "architectures": [type(model).__name__], **changes}
    (folder / "config.json").write_text(json.dumps(settings, default=str))


def write_bin(folder, model, extra=None, shards=0, **changes) -> None:
    """The layout before safetensors: config.json and pytorch_model.bin, every tied name in it."""
    folder.mkdir()
    write_config(folder, model, **changes)
    tensors = {**model.state_dict(), **(extra or {})}
    if shards:
        write_shards(folder, tensors, shards, "pytorch_model", torch.save, "bin")
    else:
        torch.save(tensors, folder / "pytorch_model.bin")


def opened_by_transformers(network, folder):
    """The model, if no key is missing and none is left over."""
    model, report = network.from_pretrained(folder, output_loading_info=True)
    assert not any(report.values()), report
    return model.eval()


def assert_same_vectors(folder, kind, expected) -> None:
    ours, reference = ENCODERS[kind]
    with torch.no_grad():
        found = opened_by_transformers(reference, folder)(IDS, attention_mask=MASK).pooler_output
        torch.testing.assert_close(found, expected, **CLOSE)
        torch.testing.assert_close(load_network(ours, folder)(IDS, MASK.bool()).pooler_output, expected, **CLOSE)


def assert_same_logits(folder, expected, dtype=torch.float32) -> None:
    ours = load_network(BartForConditionalGeneration, folder)
    reference = opened_by_transformers(theirs.BartForConditionalGeneration, folder)
    assert reference.dtype == dtype
    with torch.no_grad():
        found = reference.float()(IDS, attention_mask=MASK, decoder_input_ids=DECODER_IDS).logits
        torch.testing.assert_close(found, expected, **CLOSE)
        torch.testing.assert_close(ours(IDS, MASK.bool(), DECODER_IDS).logits, expected, **CLOSE)


def vectors(model):
    with torch.no_grad():
        return model(IDS, attention_mask=MASK).pooler_output


def cls_states(model):
    with torch.no_grad():
        return model(IDS, attention_mask=MASK).last_hidden_state[:, 0]


def logits(model):
    with torch.no_grad():
        return model(IDS, attention_mask=MASK, decoder_input_ids=DECODER_IDS).logits


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("projection", [0, 6])
@pytest.mark.parametrize("shards", [0, 3])
def test_a_dpr_encoder_of_a_pytorch_bin(tmp_path, kind, projection, shards):
    torch.manual_seed(0)
    model = ENCODERS[kind][1](dpr_config(projection_dim=projection)).eval()
    body = f"{model.base_model_prefix}.bert_model"
    unused = {
        f"{body}.embeddings.position_ids": torch.arange(32)[None],
        f"{body}.pooler.dense.weight": torch.zeros(16, 16),
        f"{body}.pooler.dense.bias": torch.zeros(16),
    }
    write_bin(tmp_path / "source", model, unused, shards, position_embedding_type="absolute")
    (done,) = convert(tmp_path / "source", tmp_path / "new")
    assert {fate.name for fate in done.fates if fate.what == "dropped"} == set(unused)
    assert_same_vectors(tmp_path / "new", kind, vectors(model))


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("network", ["BertModel", "BertForPreTraining", "BertForMaskedLM", "BertForQuestionAnswering"])
def test_a_plain_bert_as_either_encoder(tmp_path, kind, network):
    model = bert(getattr(theirs, network))
    write_bin(tmp_path / "source", model)
    convert(tmp_path / "source", tmp_path / "new", as_encoder=kind)
    assert_same_vectors(tmp_path / "new", kind, cls_states(model.base_model))


@pytest.mark.parametrize("projection", [0, 6])
def test_the_original_file_of_dpr_holds_both_encoders(tmp_path, projection):
    towers = {"question_model": bert(theirs.BertModel, 0), "ctx_model": bert(theirs.BertModel, 1)}
    tensors = {f"{side}.{name}": t for side, model in towers.items() for name, t in model.state_dict().items()}
    lines = {side: torch.nn.Linear(128, projection) for side in towers} if projection else {}
    for side, line in lines.items():
        tensors |= {f"{side}.encode_proj.{name}": t.detach() for name, t in line.named_parameters()}
    state = {"model_dict": tensors, "optimizer_dict": {"state": {}}, "scheduler_dict": {}, "offset": 0, "epoch": 24}
    torch.save({**state, "encoder_params": {"encoder_model_type": "hf_bert"}}, tmp_path / "dpr_biencoder.24.cp")
    done = convert(tmp_path / "dpr_biencoder.24.cp", tmp_path / "new")
    assert [part.folder for part in done] == ["question_encoder", "ctx_encoder"]
    for (side, model), part, kind in zip(towers.items(), done, ENCODERS, strict=True):
        expected = cls_states(model)
        with torch.no_grad():
            expected = lines[side](expected) if projection else expected
        assert_same_vectors(tmp_path / "new" / part.folder, kind, expected)


@pytest.mark.parametrize("network", ["BartForConditionalGeneration", "BartModel", "BartForSequenceClassification"])
@pytest.mark.parametrize("files", ["safetensors", "shards", "bin", "bin shards"])
def test_bart_in_every_kind_of_file(tmp_path, network, files):
    model = bart(getattr(theirs, network))
    if files.startswith("bin"):
        write_bin(tmp_path / "source", model, shards=3 if files == "bin shards" else 0)
    else:
        model.save_pretrained(tmp_path / "source", max_shard_size="5KB" if files == "shards" else "1GB")
    assert (tmp_path / "source" / "model.safetensors.index.json").exists() == (files == "shards")
    convert(tmp_path / "source", tmp_path / "new")
    expected = bart()
    expected.load_state_dict({f"model.{name}": t for name, t in model.base_model.state_dict().items()}, strict=False)
    assert_same_logits(tmp_path / "new", logits(expected))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("asked", [True, False])
def test_bart_in_another_number_format(tmp_path, dtype, asked):
    """Asked for, or as the file already is: the same numbers, and the format stays."""
    model = bart()
    given = model if asked else bart().to(getattr(torch, dtype))
    write_bin(tmp_path / "source", given)
    convert(tmp_path / "source", tmp_path / "new", dtype=dtype if asked else None)
    rounded = model.to(getattr(torch, dtype)).float()
    assert_same_logits(tmp_path / "new", logits(rounded), getattr(torch, dtype))


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("activation", ["gelu", "relu", "gelu_accurate"])
@pytest.mark.parametrize("newer", [False, True])
def test_the_original_file_of_bart(tmp_path, scale, activation, newer):
    name = {"gelu_accurate": "gelu_new"}.get(activation, activation)
    model = bart(scale_embedding=scale, activation_function=name)
    body = {name.removeprefix("model."): t for name, t in model.state_dict().items() if name.startswith("model.")}
    shared = body.pop("shared.weight")
    body |= {"encoder.version": torch.tensor([3.0]), "decoder.version": torch.tensor([3.0])}
    body |= {"decoder.output_projection.weight": shared, "classification_heads.mnli.dense.weight": torch.zeros(16, 16)}
    said = {
        "arch": "bart_base",
        "activation_fn": activation,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 4,
        "no_scale_embedding": not scale,
        "encoder_normalize_before": False,
        "share_all_embeddings": True,
        "layernorm_embedding": True,
    }
    arguments = {"args": None, "cfg": {"model": said}} if newer else {"args": argparse.Namespace(**said)}
    torch.save({**arguments, "model": body}, tmp_path / "model.pt")
    (done,) = convert(tmp_path / "model.pt", tmp_path / "new")
    told = {fate.name: fate.what for fate in done.fates}
    assert told["encoder.version"] == told["classification_heads.mnli.dense.weight"] == "dropped"
    assert told["decoder.output_projection.weight"] == told["decoder.embed_tokens.weight"] == "tied"
    assert told["final_logits_bias"] == "added"
    assert_same_logits(tmp_path / "new", logits(model))


@pytest.mark.parametrize("name", RAGS)
@pytest.mark.parametrize("files", ["safetensors", "shards", "bin"])
def test_every_rag_class_in_every_kind_of_file(tmp_path, name, files):
    model = rag_model(name)
    if files == "bin":
        write_bin(tmp_path / "source", model)
    else:
        model.save_pretrained(tmp_path / "source", max_shard_size="5KB" if files == "shards" else "1GB")
    (done,) = convert(tmp_path / "source", tmp_path / "new")
    assert done.architecture == name
    with torch.no_grad():
        expected = model(**CONTEXTS).logits
        found = opened_by_transformers(type(model), tmp_path / "new")(**CONTEXTS).logits
        ours = getattr(rag, name).from_pretrained(tmp_path / "new")(**CONTEXTS).logits
    torch.testing.assert_close(found, expected, **CLOSE)
    torch.testing.assert_close(ours, expected, **CLOSE)


def test_a_context_encoder_that_was_trained_along_gets_a_folder_of_its_own(tmp_path):
    model = rag_model("RagTokenForGeneration")
    torch.manual_seed(5)
    context_encoder = theirs.DPRContextEncoder(dpr_config()).eval()
    inside = {f"rag.ctx_encoder.{name}": tensor for name, tensor in context_encoder.state_dict().items()}
    write_bin(tmp_path / "source", model, inside)
    done = convert(tmp_path / "source", tmp_path / "new")
    assert [(part.architecture, part.folder) for part in done] == [
        ("RagTokenForGeneration", ""),
        ("DPRContextEncoder", "ctx_encoder"),
    ]
    assert {fate.name for part in done for fate in part.fates} == {*model.state_dict(), *inside}
    opened_by_transformers(theirs.RagTokenForGeneration, tmp_path / "new")
    assert_same_vectors(tmp_path / "new" / "ctx_encoder", "context-encoder", vectors(context_encoder))


def test_a_generation_config_is_carried_over(tmp_path):
    model = bart()
    model.generation_config.update(num_beams=3, max_length=9, length_penalty=2.0)
    model.save_pretrained(tmp_path / "source")
    convert(tmp_path / "source", tmp_path / "new")
    config = load_network(BartForConditionalGeneration, tmp_path / "new").config
    assert (config.num_beams, config.max_length, config.length_penalty, config.forced_eos_token_id) == (3, 9, 2.0, 2)
    generation = opened_by_transformers(theirs.BartForConditionalGeneration, tmp_path / "new").generation_config
    assert (generation.num_beams, generation.max_length, generation.length_penalty) == (3, 9, 2.0)


@pytest.mark.parametrize("said", [{}, {"forced_eos_token_id": None}, {"forced_eos_token_id": 7}])
def test_a_config_that_says_little_means_what_transformers_takes_it_for(said):
    ours, reference = BartConfig.from_dict(said).to_dict(), theirs.BartConfig(**said).to_dict()
    shared = ours.keys() & reference.keys()
    assert {name: ours[name] for name in shared} == {name: reference[name] for name in shared}
    assert "forced_eos_token_id" in shared


def test_an_encoders_config_that_says_nothing_means_what_transformers_takes_it_for():
    ours, reference = BertConfig.from_dict({}).to_dict(), theirs.DPRConfig().to_dict()
    shared = ours.keys() & reference.keys()
    assert {name: ours[name] for name in shared} == {name: reference[name] for name in shared}
    assert len(shared) > 10
