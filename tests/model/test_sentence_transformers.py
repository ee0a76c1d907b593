"""sentence-transformers folders: pooling and normalisation are read, and what cannot be honoured is refused by name."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from minirag.model.checkpoint import load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.sentence_transformers import sentence_transformers_settings
from tests.model.networks import context_encoder, question_encoder, ragged_ids

NORMALIZED = ["Transformer", "Pooling", "Normalize"]
OLD_MODES = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")


def write_modules(folder, steps=NORMALIZED, pooling=None):
    names = ["", *(f"{number}_{step}" for number, step in enumerate(steps[1:], start=1))]
    modules = [
        {"idx": n, "path": name, "type": f"sentence_transformers.models.{step}"}
        for n, (step, name) in enumerate(zip(steps, names, strict=True))
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps(old_flags("mean_tokens") if pooling is None else pooling)
    )


def old_flags(*on):
    return {"word_embedding_dimension": 16, "include_prompt": True, **{f"pooling_mode_{m}": m in on for m in OLD_MODES}}


@pytest.mark.parametrize(
    ("steps", "pooling", "expected"),
    [
        (NORMALIZED, old_flags("mean_tokens"), {"pooling": "mean", "normalize": True}),
        (NORMALIZED[:2], old_flags("mean_tokens"), {"pooling": "mean", "normalize": False}),
        (NORMALIZED[:2], old_flags("cls_token"), {"pooling": "cls", "normalize": False}),
        (NORMALIZED, {"embedding_dimension": 16, "pooling_mode": "cls"}, {"pooling": "cls", "normalize": True}),
    ],
)
def test_pooling_and_normalisation_are_what_the_files_say(tmp_path, steps, pooling, expected):
    write_modules(tmp_path, steps, pooling)
    assert sentence_transformers_settings(tmp_path) == expected


def test_a_folder_of_another_kind_says_nothing(tmp_path):
    assert sentence_transformers_settings(tmp_path) == {}


@pytest.mark.parametrize(
    ("steps", "pooling", "fault"),
    [
        (NORMALIZED, old_flags("max_tokens"), r"1_Pooling/config.json: pooling max_tokens cannot be honoured"),
        (NORMALIZED, old_flags("cls_token", "mean_tokens"), "pooling cls_token [+] mean_tokens cannot"),
        (NORMALIZED, old_flags(), "pooling none cannot"),
        (NORMALIZED, {"pooling_mode": ["mean", "max"]}, "pooling mean [+] max cannot"),
        (NORMALIZED, [], "1_Pooling/config.json: not a JSON object"),
        (["Transformer", "Pooling", "Dense"], None, r"modules.json: Transformer → Pooling → Dense cannot be honoured"),
        (["Transformer", "Normalize", "Pooling"], None, "modules.json: Transformer → Normalize → Pooling cannot"),
        (["WordEmbeddings", "Pooling"], None, "WordEmbeddings → Pooling cannot"),
        (["Transformer"], None, "modules.json: Transformer cannot"),
    ],
)
def test_what_cannot_be_honoured_is_named_on_one_line(tmp_path, steps, pooling, fault):
    write_modules(tmp_path, steps, pooling)
    with pytest.raises(ValueError, match=fault) as caught:
        sentence_transformers_settings(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_pooling_and_a_prompt_are_named(tmp_path):
    write_modules(tmp_path)
    (tmp_path / "config_sentence_transformers.json").write_text('{"prompts": {"query": "", "document": ""}}')
    assert sentence_transformers_settings(tmp_path)["normalize"]
    (tmp_path / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: "}}')
    with pytest.raises(ValueError, match="the prompt query='query: ' cannot be honoured"):
        sentence_transformers_settings(tmp_path)
    (tmp_path / "config_sentence_transformers.json").unlink()
    (tmp_path / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ValueError, match=r"config.json: is missing"):
        sentence_transformers_settings(tmp_path)


@pytest.mark.parametrize("network", [DPRQuestionEncoder, DPRContextEncoder])
def test_a_plain_bert_with_modules_loads_as_either_encoder(tmp_path, network):
    encoder = context_encoder(pooling="mean", normalize=True)
    save_network(encoder, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    plain = {name.removeprefix("ctx_encoder.bert_model."): tensor for name, tensor in tensors.items()}
    save_file(plain, tmp_path / "model.safetensors")
    settings = json.loads((tmp_path / "config.json").read_text())
    kept = {name: value for name, value in settings.items() if name not in ("pooling", "normalize")}
    (tmp_path / "config.json").write_text(json.dumps(kept))
    write_modules(tmp_path)
    ids, mask = ragged_ids([5, 3])
    assert torch.equal(load_network(network, tmp_path)(ids, mask).pooler_output, encoder(ids, mask).pooler_output)


def test_the_mean_is_over_real_tokens_and_a_normalised_vector_has_length_1():
    ids, mask = ragged_ids([5, 3])
    output = question_encoder(pooling="mean")(ids, mask, output_hidden_states=True)
    states = output.hidden_states[-1]
    by_hand = torch.stack([states[0].mean(dim=0), states[1, :3].mean(dim=0)])
    torch.testing.assert_close(output.pooler_output, by_hand)
    for settings in ({"pooling": "mean"}, {"pooling": "cls"}, {"pooling": "mean", "projection_dim": 7}):
        raw = question_encoder(**settings)(ids, mask).pooler_output
        unit = question_encoder(**settings, normalize=True)(ids, mask).pooler_output
        torch.testing.assert_close(unit.norm(dim=-1), torch.ones(2))
        torch.testing.assert_close(unit * raw.norm(dim=-1, keepdim=True), raw)


def test_the_scale_multiplies_the_vector_at_last_so_an_inner_product_is_cosine_over_temperature():
    ids, mask = ragged_ids([5, 3])
    cosines = question_encoder(normalize=True)(ids, mask).pooler_output
    scaled = question_encoder(normalize=True, scale=20.0)(ids, mask).pooler_output
    torch.testing.assert_close(scaled, 20 * cosines)
    torch.testing.assert_close(scaled.norm(dim=-1), torch.full((2,), 20.0))


def test_pooling_and_scale_survive_saving(tmp_path):
    encoder = question_encoder(pooling="mean", normalize=True, scale=20.0)
    save_network(encoder, tmp_path)
    assert load_network(DPRQuestionEncoder, tmp_path).config == encoder.config
