"""Which settings of a published `config.json` can be honoured? Those that cannot are refused by name, with their value.

Paper     none: settings are history
Tutorial  tutorials/07_checkpoints.py
Tests     tests/test_configuration.py

A table names the values under which this code computes what the file means. A key that is in no table and is no field of
the dataclass is bookkeeping of the library that wrote the file: it is passed over.
"""

from dataclasses import fields
from typing import Any, get_args

ACTIVATIONS = ("gelu", "relu", "gelu_new")
Refused = dict[str, tuple[Any, ...]]

REFUSED_ANYWHERE: Refused = {"quantization_config": (None,), "pruned_heads": ({}, None)}
REFUSED_BERT: Refused = {
    **REFUSED_ANYWHERE,
    "position_embedding_type": ("absolute", None),
    "is_decoder": (False, None),
    "is_encoder_decoder": (False, None),
    "add_cross_attention": (False, None),
    "embedding_size": (None,),
}
# searches that end in other tokens, and that nobody would miss before reading the answers
REFUSED_SEARCHES: Refused = {
    "num_beam_groups": (1, None),
    "diversity_penalty": (0.0, None),
    "penalty_alpha": (None, 0.0),
    "guidance_scale": (1.0, None),
    "min_new_tokens": (None, 0),
    "renormalize_logits": (False, None),
    "typical_p": (1.0, None),
    "top_h": (None,),
    "min_p": (None, 0.0),
    "epsilon_cutoff": (0.0, None),
    "eta_cutoff": (0.0, None),
    "encoder_repetition_penalty": (1.0, None),
    "encoder_no_repeat_ngram_size": (0, None),
    "exponential_decay_length_penalty": (None,),
    "suppress_tokens": (None, []),
    "begin_suppress_tokens": (None, []),
    "sequence_bias": (None,),
    "force_words_ids": (None,),
    "constraints": (None,),
}
REFUSED_BART: Refused = {
    **REFUSED_ANYWHERE,
    **REFUSED_SEARCHES,
    "normalize_before": (False, None),
    "encoder_normalize_before": (False, None),
    "decoder_normalize_before": (False, None),
    "normalize_embedding": (True, None),
    "add_final_layer_norm": (False, None),
    "static_position_embeddings": (False, None),
    "position_embedding_type": ("absolute", None),
    "do_blenderbot_90_layernorm": (False, None),
    "extra_pos_embeddings": (2, None),
    "tie_word_embeddings": (True, None),
    "is_decoder": (False, None),
    "is_encoder_decoder": (True, None),
    "encoder_layerdrop": (0, 0.0, None),
    "decoder_layerdrop": (0, 0.0, None),
}
REFUSED_RAG: Refused = {**REFUSED_ANYWHERE, "tie_word_embeddings": (True, None)}


def known_settings(cls: type, settings: dict[str, Any], refused: Refused) -> dict[str, Any]:
    """The settings that are fields of `cls`, their types checked. ValueError names one that cannot be honoured."""
    check_honoured(settings, refused)
    types = {f.name: f.type for f in fields(cls)}
    return {name: typed(name, value, types[name]) for name, value in settings.items() if name in types}


def check_honoured(settings: dict[str, Any], refused: Refused) -> None:
    for name, accepted in refused.items():
        if name in settings and settings[name] not in accepted:
            raise ValueError(f"config: {name}={settings[name]!r} cannot be honoured (only {accepted[0]!r})")


def typed(name: str, value: Any, expected: Any) -> Any:
    """The value as `expected` says, a plain type or a union of them: an int becomes a float; a bool is neither."""
    types = get_args(expected) or (expected,)
    if any(kind not in (int, float, bool, str, type(None)) for kind in types):
        return value  # a part with a config of its own
    if type(value) in types:
        return value
    if type(value) is int and float in types:
        return float(value)
    known = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
    raise ValueError(f"config: {name}={value!r} is not of type {known}")


def check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices:
        raise ValueError(f"config: {name}={value!r} cannot be honoured (one of {', '.join(map(repr, choices))})")


def check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"config: {name}={value} must be at least 1")


def check_divides(name: str, part: int, whole_name: str, whole: int) -> None:
    if part < 1 or whole % part:
        raise ValueError(f"config: {name}={part} must divide {whole_name}={whole}")
