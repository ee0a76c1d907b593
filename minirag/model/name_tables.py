"""What is each tensor called in a published file, and what here? One table per model, readable in both directions.

Paper     none: names are history
Tutorial  tutorials/07_checkpoints.py
Tests     tests/model/test_checkpoint.py, tests/crosscheck/test_networks.py

A table maps a published name to the name here. `{}` stands for a layer's number. `None` marks a tensor that is dropped on
purpose. Several published names may stand for one tensor here (BART's tied embeddings): a file needs one of them, and the
first is the one that is written. Any other name in a file is an error.
"""

import re
from collections.abc import Iterable

NameTable = dict[str, str | None]

# the tensors whose absence is no error: published files of some vintages leave them out, and their value is then 0
OPTIONAL = re.compile(r"(^|\.)logits_bias$")


def with_weight_and_bias(names: dict[str, str | None]) -> NameTable:
    return {
        f"{published}.{part}": None if ours is None else f"{ours}.{part}"
        for published, ours in names.items()
        for part in ("weight", "bias")
    }


def under(published: str, ours: str, table: NameTable) -> NameTable:
    """The same table, one level further down on both sides."""
    return {published + name: None if own is None else ours + own for name, own in table.items()}


BERT: NameTable = {
    "embeddings.word_embeddings.weight": "embeddings.words.weight",
    "embeddings.position_embeddings.weight": "embeddings.positions.weight",
    "embeddings.token_type_embeddings.weight": "embeddings.segments.weight",
    "embeddings.position_ids": None,  # 0, 1, 2 …: a buffer, not a weight
    **with_weight_and_bias(
        {
            "embeddings.LayerNorm": "embeddings.norm",
            "encoder.layer.{}.attention.self.query": "layers.{}.attention.query",
            "encoder.layer.{}.attention.self.key": "layers.{}.attention.key",
            "encoder.layer.{}.attention.self.value": "layers.{}.attention.value",
            "encoder.layer.{}.attention.output.dense": "layers.{}.attention.output",
            "encoder.layer.{}.attention.output.LayerNorm": "layers.{}.attention_norm",
            "encoder.layer.{}.intermediate.dense": "layers.{}.up",
            "encoder.layer.{}.output.dense": "layers.{}.down",
            "encoder.layer.{}.output.LayerNorm": "layers.{}.norm",
            "pooler.dense": None,  # DPR takes the raw [CLS] state
        }
    ),
}

DPR: NameTable = {
    **under("bert_model.", "bert.", BERT),
    **with_weight_and_bias({"encode_proj": "projection"}),
}
# DPR's own names are written; a plain BERT (sentence-transformers') is read too
DPR_QUESTION_ENCODER = {
    **under("question_encoder.", "question_encoder.", DPR),
    **under("", "question_encoder.bert.", BERT),
}
DPR_CONTEXT_ENCODER = {**under("ctx_encoder.", "ctx_encoder.", DPR), **under("", "ctx_encoder.bert.", BERT)}


def bart_attention(published: str, ours: str) -> dict[str, str | None]:
    projections = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "output"}
    return {f"{published}.{theirs}": f"{ours}.{own}" for theirs, own in projections.items()}


def bart_stack(side: str) -> NameTable:
    """The parts that encoder and decoder have in common."""
    layer = f"{side}.layers.{{}}."
    return {
        f"{side}.embed_positions.weight": f"{side}.embeddings.positions.weight",
        **with_weight_and_bias(
            {
                f"{side}.layernorm_embedding": f"{side}.embeddings.norm",
                **bart_attention(layer + "self_attn", layer + "attention"),
                layer + "self_attn_layer_norm": layer + "attention_norm",
                layer + "fc1": layer + "feed_forward.up",
                layer + "fc2": layer + "feed_forward.down",
                layer + "final_layer_norm": layer + "feed_forward.norm",
            }
        ),
    }


BART: NameTable = {
    "model.shared.weight": "embed_tokens.weight",
    "model.encoder.embed_tokens.weight": "embed_tokens.weight",
    "model.decoder.embed_tokens.weight": "embed_tokens.weight",
    "lm_head.weight": "embed_tokens.weight",
    "final_logits_bias": "logits_bias",
    **under("model.", "", bart_stack("encoder")),
    **under("model.", "", bart_stack("decoder")),
    **under(
        "model.decoder.layers.{}.",
        "decoder.layers.{}.",
        with_weight_and_bias(
            {
                **bart_attention("encoder_attn", "cross_attention"),
                "encoder_attn_layer_norm": "cross_attention_norm",
            }
        ),
    ),
}

RAG_MODEL: NameTable = {
    **under("question_encoder.", "question_encoder.", DPR_QUESTION_ENCODER),
    **under("generator.", "generator.", BART),
}
RAG_FOR_GENERATION = under("rag.", "rag.", RAG_MODEL)


def own_name(published: str, table: NameTable) -> str | None:
    """Published name → name here; None: dropped on purpose. KeyError: not in the table."""
    template, layer = split_layer(published)
    own = table[template]
    return None if own is None else own.format(layer)


def published_names(own_names: Iterable[str], table: NameTable) -> dict[str, str]:
    """Name here → the published name it is written under: the table's inverse, first entry first."""
    inverse: dict[str, str] = {}
    for published, own in table.items():
        if own is not None:
            inverse.setdefault(own, published)
    names = {}
    for name in own_names:
        template, layer = split_layer(name)
        names[name] = inverse[template].format(layer)
    return names


def split_layer(name: str) -> tuple[str, str]:
    """'layers.3.norm.weight' → ('layers.{}.norm.weight', '3')."""
    number = re.search(r"(?<=\.)\d+(?=\.)", name)
    return (name, "") if number is None else (name[: number.start()] + "{}" + name[number.end() :], number.group())
