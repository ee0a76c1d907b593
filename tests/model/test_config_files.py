"""JSON files of a model folder: `generation_config.json` has the last word on how the generator searches."""

import json

import pytest

from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network, save_network
from minirag.model.config_files import generation_settings, read_bart_config
from minirag.rag import RagTokenForGeneration
from tests.model.networks import bart
from tests.small_rag import small_rag

SAID = {"num_beams": 3, "max_length": 11, "forced_eos_token_id": 2, "length_penalty": 2}


def say(folder, **settings) -> None:
    (folder / "generation_config.json").write_text(json.dumps(settings))


def test_what_the_generation_config_says_overrides_the_config(tmp_path):
    save_network(bart(num_beams=2, min_length=4), tmp_path)
    say(tmp_path, **SAID, min_length=None, transformers_version="5.23.0", use_cache=True, _from_model_config=True)
    config = load_network(BartForConditionalGeneration, tmp_path).config
    assert {name: getattr(config, name) for name in SAID} == SAID
    assert config.min_length == 4


def test_in_a_rag_folder_it_is_the_generators(tmp_path):
    small_rag(RagTokenForGeneration).save_pretrained(tmp_path)
    say(tmp_path, **SAID)
    config = RagTokenForGeneration.from_pretrained(tmp_path).config.generator
    assert {name: getattr(config, name) for name in SAID} == SAID


def test_a_folder_without_one_says_nothing(tmp_path):
    assert generation_settings(tmp_path) == {}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"num_beam_groups": 2}, "num_beam_groups=2 cannot be honoured"),
        ({"penalty_alpha": 0.6}, "penalty_alpha=0.6 cannot be honoured"),
        ({"num_beams": "four"}, "num_beams='four' is not of type int"),
    ],
)
def test_a_search_that_cannot_be_honoured_is_named_with_its_file(tmp_path, settings, named):
    save_network(bart(), tmp_path)
    say(tmp_path, **settings)
    with pytest.raises(ValueError) as caught:
        read_bart_config(tmp_path)
    assert f"generation_config.json: config: {named}" in str(caught.value)


def test_what_is_saved_over_a_folder_is_what_loads_again(tmp_path):
    """An older model's generation_config.json does not outlive it."""
    save_network(bart(), tmp_path)
    say(tmp_path, **SAID)
    save_network(bart(num_beams=7), tmp_path)
    assert load_network(BartForConditionalGeneration, tmp_path).config == bart(num_beams=7).config
