"""Configs: a published file loads as it is, and a setting that cannot be honoured is refused by name."""

import json
from dataclasses import fields

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minirag.configuration import BartConfig, BertConfig, RagConfig
from minirag.settings import REFUSED_BART, REFUSED_BERT, REFUSED_RAG

SMALL = {"vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 4}


def test_a_config_and_its_dictionary_are_inverse():
    config = RagConfig(BertConfig(**SMALL), BartConfig(d_model=32), n_docs=7)
    assert RagConfig.from_dict(config.to_dict()) == config


def test_keys_of_the_library_that_wrote_the_file_are_passed_over():
    config = BertConfig.from_dict({**SMALL, "transformers_version": "4.2", "torch_dtype": "float32", "id2label": {}})
    assert config == BertConfig(**SMALL)


# what BART's and DPR's config.json of that time say besides the sizes
OF_2020 = json.loads("""{
"_num_labels": 3, "add_bias_logits": false, "add_cross_attention": false, "bad_words_ids": null, "chunk_size_feed_forward": 0,
"classif_dropout": 0.0, "diversity_penalty": 0.0, "do_sample": false, "early_stopping": false, "finetuning_task": null,
"forced_bos_token_id": null, "gradient_checkpointing": false, "id2label": {"0": "LABEL_0"}, "is_decoder": false,
"length_penalty": 1.0, "no_repeat_ngram_size": 0, "num_beam_groups": 1, "num_beams": 1, "output_attentions": false,
"prefix": " ", "problem_type": null, "pruned_heads": {}, "repetition_penalty": 1.0, "return_dict": false, "sep_token_id": null,
"task_specific_params": {"summarization": {"num_beams": 4}}, "temperature": 1.0, "tie_encoder_decoder": false,
"tie_word_embeddings": true, "top_k": 50, "top_p": 1.0, "torchscript": false, "use_bfloat16": false, "xla_device": null
}""")
OF_BART = json.loads("""{
"add_final_layer_norm": false, "encoder_layerdrop": 0.0, "extra_pos_embeddings": 2, "is_encoder_decoder": true,
"force_bos_token_to_be_generated": false, "normalize_before": false, "normalize_embedding": true, "num_hidden_layers": 12,
"static_position_embeddings": false
}""")
OF_DPR = json.loads('{"is_encoder_decoder": false, "position_embedding_type": "absolute", "bos_token_id": null}')


def test_a_rag_config_of_2020_loads_as_it_is():
    parts = {"generator": {**OF_2020, **OF_BART}, "question_encoder": {**OF_2020, **OF_DPR, "model_type": "dpr"}}
    published = {
        **parts,
        "vocab_size": None,
        "is_encoder_decoder": True,
        "index_name": "exact",
        "forced_eos_token_id": 2,
    }
    config = RagConfig.from_dict(published)
    assert config.generator == BartConfig.from_dict({}) and config.question_encoder == BertConfig()


def test_a_whole_number_serves_where_a_fraction_may_stand():
    config = BartConfig.from_dict({"length_penalty": 2, "dropout": 0})
    assert (config.length_penalty, config.dropout) == (2.0, 0.0) and type(config.dropout) is float


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
TABLES = {BertConfig: REFUSED_BERT, BartConfig: REFUSED_BART, RagConfig: REFUSED_RAG}
PARTS = {"question_encoder": SMALL, "generator": {}}


@pytest.mark.parametrize("config", TABLES)
@given(generic=st.dictionaries(st.text(), json_values, max_size=4))
def test_a_key_that_is_neither_a_field_nor_refused_never_matters(config, generic):
    own = {field.name for field in fields(config)} | TABLES[config].keys()
    parts = PARTS if config is RagConfig else {}
    others = {name: value for name, value in generic.items() if name not in own}
    assert config.from_dict({**others, **parts}) == config.from_dict(parts)


@pytest.mark.parametrize(("config", "name"), [(config, name) for config, table in TABLES.items() for name in table])
@given(value=json_values)
def test_every_refused_setting_is_named_with_its_value_whatever_it_is(config, name, value):
    assume(value not in TABLES[config][name])
    with pytest.raises(ValueError) as caught:
        config.from_dict({name: value, **(PARTS if config is RagConfig else {})})
    assert f"{name}={value!r} cannot be honoured" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("config", "name"), [(config, name) for config, table in TABLES.items() for name in table])
def test_the_accepted_values_of_such_a_setting_change_nothing(config, name):
    parts = PARTS if config is RagConfig else {}
    for value in TABLES[config][name]:
        assert config.from_dict({name: value, **parts}) == config.from_dict(parts)


@pytest.mark.parametrize(
    ("config", "settings", "named"),
    [
        (BertConfig, {"position_embedding_type": "relative_key"}, "position_embedding_type='relative_key'"),
        (BertConfig, {"is_decoder": True}, "is_decoder=True"),
        (BertConfig, {"hidden_act": "silu"}, "hidden_act='silu'"),
        (BertConfig, {"model_type": "roberta"}, "model_type='roberta'"),
        (BertConfig, {"num_attention_heads": 5}, "num_attention_heads=5 must divide hidden_size=768"),
        (BertConfig, {"vocab_size": "many"}, "vocab_size='many' is not of type int"),
        (BertConfig, {"num_hidden_layers": 0}, "num_hidden_layers=0"),
        (BertConfig, {"scale": 0.0}, "scale=0.0 must be positive"),
        (BartConfig, {"normalize_before": True}, "normalize_before=True"),
        (BartConfig, {"add_final_layer_norm": True}, "add_final_layer_norm=True"),
        (BartConfig, {"tie_word_embeddings": False}, "tie_word_embeddings=False"),
        (BartConfig, {"model_type": "mbart"}, "model_type='mbart'"),
        (BartConfig, {"scale_embedding": 1}, "scale_embedding=1 is not of type bool"),
        (BartConfig, {"forced_eos_token_id": [2]}, "forced_eos_token_id=[2] is not of type int or null"),
        (BertConfig, {"hidden_size": True}, "hidden_size=True is not of type int"),
        (RagConfig, {"model_type": "bart"}, "its question_encoder"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(config, settings, named):
    with pytest.raises(ValueError) as caught:
        config.from_dict(settings)
    assert named in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("n_docs", 0), ("max_combined_length", 0), ("label_smoothing", 1.0)])
def test_impossible_rag_settings_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        RagConfig(**{name: value})


def test_joined_configs_take_the_special_ids_of_the_generator():
    config = RagConfig.from_question_encoder_generator_configs(BertConfig(projection_dim=32), BartConfig(), n_docs=3)
    assert (config.bos_token_id, config.pad_token_id, config.eos_token_id, config.decoder_start_token_id) == (
        0,
        1,
        2,
        2,
    )
    assert config.retrieval_vector_size == 32 and config.n_docs == 3
