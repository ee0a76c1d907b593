"""What is in the files that the authors published? DPR's `dpr_biencoder.*.cp` and fairseq's `model.pt` of BART.

Paper     DPR §3.1, BART §2
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_original_files.py, tests/crosscheck/test_conversion.py

Neither has a config.json: the sizes are those of the tensors, and what no shape tells (heads, activation) is in the
arguments of the training that are stored with them.
"""

import re
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minirag.configuration import BartConfig, BertConfig
from minirag.conversion import omegaconf_settings
from minirag.conversion.pickled_files import state_dict
from minirag.conversion.published import Published
from minirag.model.name_tables import BART_STACKS, HEAD, PLAIN_BERT, NameTable, under, with_weight_and_bias
from minirag.model.tensor_files import Tensors
from minirag.settings import Refused, check_honoured

FAIRSEQ_BART: NameTable = {
    **BART_STACKS,
    "decoder.output_projection.weight": "embed_tokens.weight",
    "final_logits_bias": "logits_bias",  # fairseq has none: 0
}
ALLOWED = (Namespace, *omegaconf_settings.ALLOWED)  # how fairseq and DPR keep their arguments
HEAD_WIDTH = 64  # every BERT of DPR has heads of this width, and no shape tells

REFUSED_FAIRSEQ: Refused = {
    "encoder_normalize_before": (False,),
    "decoder_normalize_before": (False,),
    "layernorm_embedding": (True,),
    "encoder_learned_pos": (True,),
    "decoder_learned_pos": (True,),
    "no_token_positional_embeddings": (False,),
    "share_all_embeddings": (True,),
    "adaptive_input": (False,),
    "adaptive_softmax_cutoff": (None,),
    "no_cross_attention": (False,),
    "cross_self_attention": (False,),
    "no_scale_attn": (False,),
}
ACTIVATIONS = {"gelu": "gelu", "relu": "relu", "gelu_accurate": "gelu_new", "gelu_fast": "gelu_new"}  # fairseq's names


def original_parts(content: Any, path: Path) -> list[Published] | None:
    """The networks of an original file; None: the file is another kind of thing."""
    if not isinstance(content, dict):
        return None
    if "model_dict" in content:
        return biencoder(content, path)
    if "model" in content and {"args", "cfg"} & content.keys():
        return [fairseq_bart(content, path)]
    return None


def biencoder(content: dict[str, Any], path: Path) -> list[Published]:
    """DPR's two towers, each a plain BERT with `question_model.` or `ctx_model.` in front."""
    tensors = state_dict(content["model_dict"], path)
    for name in tensors:
        if not name.startswith(("question_model.", "ctx_model.")):
            raise ValueError(f"{path}: unexpected tensor {name} of shape {list(tensors[name].shape)}")
    kind = encoder_kind(content.get("encoder_params"))
    if kind not in ("hf_bert", None):
        raise ValueError(f"{path}: encoder_model_type={kind!r} cannot be honoured (only 'hf_bert')")
    towers = (
        ("DPRQuestionEncoder", "question_model.", "question_encoder"),
        ("DPRContextEncoder", "ctx_model.", "ctx_encoder"),
    )
    return [tower(tensors, path, *names) for names in towers]


def encoder_kind(params: Any) -> Any:
    """The older files say it among the parameters, the newer ones one level down."""
    params = params if isinstance(params, dict) else {}
    inner = omegaconf_settings.plain(params.get("encoder"))
    return (inner if isinstance(inner, dict) else params).get("encoder_model_type")


def tower(tensors: Tensors, path: Path, architecture: str, prefix: str, side: str) -> Published:
    own = {name: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    projection = with_weight_and_bias({f"{prefix}encode_proj": f"{side}.projection"})
    table: NameTable = under(prefix, f"{side}.bert.", PLAIN_BERT) | projection
    return Published(architecture, bert_sizes(own, prefix, path), own, (table,), path, side)


def bert_sizes(tensors: Tensors, prefix: str, path: Path) -> BertConfig:
    vocab, width = shape(tensors, f"{prefix}embeddings.word_embeddings.weight", path)
    if width % HEAD_WIDTH:
        raise ValueError(f"{path}: hidden size {width} is no multiple of {HEAD_WIDTH}: the number of heads is unknown")
    projection = f"{prefix}encode_proj.weight"
    return BertConfig(
        vocab_size=vocab,
        hidden_size=width,
        num_hidden_layers=layers(tensors, f"{prefix}encoder.layer."),
        num_attention_heads=width // HEAD_WIDTH,
        intermediate_size=shape(tensors, f"{prefix}encoder.layer.0.intermediate.dense.weight", path)[0],
        max_position_embeddings=shape(tensors, f"{prefix}embeddings.position_embeddings.weight", path)[0],
        type_vocab_size=shape(tensors, f"{prefix}embeddings.token_type_embeddings.weight", path)[0],
        projection_dim=tensors[projection].shape[0] if projection in tensors else 0,
    )


def fairseq_bart(content: dict[str, Any], path: Path) -> Published:
    tensors = state_dict(content["model"], path)
    try:
        config = bart_sizes(tensors, fairseq_arguments(content, path), path)
    except ValueError as error:
        raise ValueError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    heads: NameTable = {name: HEAD for name in tensors if name.startswith("classification_heads.")}
    table: NameTable = FAIRSEQ_BART | heads
    return Published("BartForConditionalGeneration", config, tensors, (table,), path)


def fairseq_arguments(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """`args` of older files; `cfg["model"]` of newer ones."""
    said = content.get("args") or content.get("cfg")
    said = said.get("model") if isinstance(said, dict) and "model" in said else said
    arguments = vars(said) if isinstance(said, Namespace) else said
    if not isinstance(arguments, dict):
        raise ValueError(f"{path}: the arguments of the training are missing (args, or cfg with its model)")
    return arguments


def bart_sizes(tensors: Tensors, arguments: dict[str, Any], path: Path) -> BartConfig:
    check_honoured(arguments, REFUSED_FAIRSEQ)
    vocab, width = shape(tensors, "encoder.embed_tokens.weight", path)
    positions, _ = shape(tensors, "encoder.embed_positions.weight", path)
    activation = argument(arguments, "activation_fn")
    return BartConfig(
        vocab_size=vocab,
        d_model=width,
        encoder_layers=layers(tensors, "encoder.layers."),
        decoder_layers=layers(tensors, "decoder.layers."),
        encoder_attention_heads=argument(arguments, "encoder_attention_heads"),
        decoder_attention_heads=argument(arguments, "decoder_attention_heads"),
        encoder_ffn_dim=shape(tensors, "encoder.layers.0.fc1.weight", path)[0],
        decoder_ffn_dim=shape(tensors, "decoder.layers.0.fc1.weight", path)[0],
        max_position_embeddings=positions - 2,
        activation_function=ACTIVATIONS.get(activation, activation),
        scale_embedding=not argument(arguments, "no_scale_embedding"),
        dropout=float(arguments.get("dropout", 0.1)),
        attention_dropout=float(arguments.get("attention_dropout", 0.0)),
        activation_dropout=float(arguments.get("activation_dropout", arguments.get("relu_dropout", 0.0))),
        forced_eos_token_id=2,
    )


def argument(arguments: dict[str, Any], name: str) -> Any:
    if name not in arguments:
        raise ValueError(f"config: {name} is missing among the arguments of the training")
    return arguments[name]


def shape(tensors: Tensors, name: str, path: Path) -> tuple[int, ...]:
    if name not in tensors or tensors[name].ndim != 2:
        raise ValueError(f"{path}: tensor {name} is missing, or has not two axes")
    return tuple(tensors[name].shape)


def layers(names: Iterable[str], prefix: str) -> int:
    """How many different numbers follow the prefix."""
    numbers = (re.match(re.escape(prefix) + r"(\d+)\.", name) for name in names)
    return len({found.group(1) for found in numbers if found})
