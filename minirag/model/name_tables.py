"""What is each tensor called in a published file, and what here? One table per model, readable in both directions.

Paper     none: names are history
Tutorial  tutorials/07_checkpoints.py
Tests     tests/model/test_checkpoint.py, tests/crosscheck/test_networks.py

A table maps a published name to the name here. `{}` stands for a layer's number. `Dropped` marks a tensor that is left
out on purpose, with the reason. Several published names may stand for one tensor here (BART's tied embeddings): a file
needs one of them, and the first is the one that is written. Any other name in a file is an error.

One network is published under several tables (plain BERT, BERT with a head, DPR): the first is the one that is written.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Dropped:
    """A tensor of a file that no network here has a place for."""

    because: str


NameTable = dict[str, str | Dropped]

# the tensors whose absence is no error: published files of some vintages leave them out, and their value is then 0
OPTIONAL = re.compile(r"(^|\.)logits_bias$")


def with_weight_and_bias(names: NameTable) -> NameTable:
    return {
        f"{published}.{part}": ours if isinstance(ours, Dropped) else f"{ours}.{part}"
        for published, ours in names.items()
        for part in ("weight", "bias")
    }


def under(published: str, ours: str, table: NameTable) -> NameTable:
    """The same table, one level further down on both sides."""
    return {published + name: own if isinstance(own, Dropped) else ours + own for name, own in table.items()}


BERT: NameTable = {
    "embeddings.word_embeddings.weight": "embeddings.words.weight",
    "embeddings.position_embeddings.weight": "embeddings.positions.weight",
    "embeddings.token_type_embeddings.weight": "embeddings.segments.weight",
    "embeddings.position_ids": Dropped("0, 1, 2, …: a buffer, not a weight"),
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
            "pooler.dense": Dropped("a vector is made of the raw states"),
        }
    ),
}

DPR: NameTable = {
    **under("bert_model.", "bert.", BERT),
    **with_weight_and_bias({"encode_proj": "projection"}),
}
DPR_QUESTION_ENCODER = under("question_encoder.", "question_encoder.", DPR)
DPR_CONTEXT_ENCODER = under("ctx_encoder.", "ctx_encoder.", DPR)

# the first BERT files, turned from TensorFlow's, call a layer norm's weight and bias gamma and beta
PLAIN_BERT: NameTable = BERT | {
    name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): own
    for name, own in BERT.items()
    if "LayerNorm" in name
}
HEAD = Dropped("a head for another task")
BERT_WITH_HEAD: NameTable = {
    **under("bert.", "", PLAIN_BERT),
    "cls.predictions.bias": HEAD,
    "cls.predictions.transform.LayerNorm.gamma": HEAD,
    "cls.predictions.transform.LayerNorm.beta": HEAD,
    **with_weight_and_bias(
        {
            "cls.predictions.transform.dense": HEAD,
            "cls.predictions.transform.LayerNorm": HEAD,
            "cls.predictions.decoder": HEAD,
            "cls.seq_relationship": HEAD,
            "classifier": HEAD,
            "qa_outputs": HEAD,
        }
    ),
}


def encoder_layouts(side: str, dpr: NameTable) -> tuple[NameTable, ...]:
    """How an encoder is published: as DPR, as plain BERT, as BERT under a head."""
    projection = with_weight_and_bias({"encode_proj": f"{side}.projection"})
    plain, headed = (under("", f"{side}.bert.", table) | projection for table in (PLAIN_BERT, BERT_WITH_HEAD))
    return dpr, plain, headed


QUESTION_ENCODER_LAYOUTS = encoder_layouts("question_encoder", DPR_QUESTION_ENCODER)
CONTEXT_ENCODER_LAYOUTS = encoder_layouts("ctx_encoder", DPR_CONTEXT_ENCODER)


def bart_attention(published: str, ours: str) -> NameTable:
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


BART_STACKS: NameTable = {
    "shared.weight": "embed_tokens.weight",
    "encoder.embed_tokens.weight": "embed_tokens.weight",
    "decoder.embed_tokens.weight": "embed_tokens.weight",
    "encoder.version": Dropped("the number of a file format"),
    "decoder.version": Dropped("the number of a file format"),
    **bart_stack("encoder"),
    **bart_stack("decoder"),
    **under(
        "decoder.layers.{}.",
        "decoder.layers.{}.",
        with_weight_and_bias(
            {
                **bart_attention("encoder_attn", "cross_attention"),
                "encoder_attn_layer_norm": "cross_attention_norm",
            }
        ),
    ),
}
BART_OUTPUT: NameTable = {"lm_head.weight": "embed_tokens.weight", "final_logits_bias": "logits_bias"}
BART: NameTable = {
    **under("model.", "", BART_STACKS),
    **BART_OUTPUT,
    **with_weight_and_bias(
        {"classification_head.dense": HEAD, "classification_head.out_proj": HEAD, "qa_outputs": HEAD}
    ),
}
BART_MODEL: NameTable = {**BART_STACKS, **BART_OUTPUT}  # BartModel's files: no `model.` in front
BART_LAYOUTS = (BART, BART_MODEL)

RAG_MODEL: NameTable = {
    **under("question_encoder.", "question_encoder.", DPR_QUESTION_ENCODER),
    **under("generator.", "generator.", BART),
}
RAG_FOR_GENERATION = under("rag.", "", RAG_MODEL)
RAG_LAYOUTS = (RAG_MODEL, RAG_FOR_GENERATION)


def layout(names: Iterable[str], tables: Sequence[NameTable]) -> NameTable:
    """The table that knows most of the names; of several, the first."""
    templates = [split_layer(name)[0] for name in names]
    return max(tables, key=lambda table: sum(template in table for template in templates))


def own_name(published: str, table: NameTable) -> str | Dropped:
    """Published name → name here, or why there is none. KeyError: not in the table."""
    template, layer = split_layer(published)
    own = table[template]
    return own if isinstance(own, Dropped) else own.format(layer)


def published_names(own_names: Iterable[str], table: NameTable) -> dict[str, str]:
    """Name here → the published name it is written under: the table's inverse, first entry first."""
    inverse: dict[str, str] = {}
    for published, own in table.items():
        if isinstance(own, str):
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
