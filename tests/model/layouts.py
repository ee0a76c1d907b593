"""One set of weights in every published layout: the tensors of a saved network under other names, in other files."""

import json
import re

import torch
from safetensors.torch import load_file, save_file

BODY = {"question_encoder": "question_encoder.bert_model.", "ctx_encoder": "ctx_encoder.bert_model."}


def plain_bert(tensors: dict, side: str = "question_encoder") -> dict:
    """BertModel's names: no prefix, and a pooler that DPR has no use for."""
    width = next(iter(tensors.values())).shape[-1]
    pooler = {"pooler.dense.weight": torch.ones(width, width), "pooler.dense.bias": torch.ones(width)}
    return {name.removeprefix(BODY[side]): tensor for name, tensor in tensors.items()} | pooler


def bert_for_pre_training(tensors: dict) -> dict:
    """`bert.` in front, and the heads it was trained with."""
    heads = {
        "cls.predictions.bias": torch.zeros(40),
        "cls.predictions.transform.dense.weight": torch.zeros(16, 16),
        "cls.predictions.transform.LayerNorm.weight": torch.zeros(16),
        "cls.predictions.decoder.weight": torch.zeros(40, 16),
        "cls.seq_relationship.bias": torch.zeros(2),
    }
    return {f"bert.{name}": tensor for name, tensor in plain_bert(tensors).items()} | heads


def first_bert(tensors: dict) -> dict:
    """bert-base-uncased as it was first turned from TensorFlow's file: gamma and beta."""
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    named = bert_for_pre_training(tensors).items()
    return {re.sub(r"LayerNorm\.\w+", lambda found: old[found.group()], name): tensor for name, tensor in named}


def bart_model(tensors: dict) -> dict:
    """BartModel's names, as in facebook/bart-base: no `model.` in front, no output bias."""
    kept = {name: tensor for name, tensor in tensors.items() if name != "final_logits_bias"}
    return {name.removeprefix("model."): tensor for name, tensor in kept.items()}


def old_bart(tensors: dict) -> dict:
    """As fairseq's numbers of the format and a classification head are left in a file."""
    extra = {"model.encoder.version": torch.tensor([3.0]), "classification_head.dense.weight": torch.zeros(16, 16)}
    return tensors | extra


def write_shards(folder, tensors: dict, count: int = 3, name: str = "model", save=save_file, suffix="safetensors"):
    """`count` files and their index in the place of one file."""
    shard_of = {tensor: f"{name}-{n % count + 1:05}-of-{count:05}.{suffix}" for n, tensor in enumerate(sorted(tensors))}
    for shard in set(shard_of.values()):
        save({tensor: tensors[tensor].clone() for tensor in tensors if shard_of[tensor] == shard}, folder / shard)
    index = folder / f"{name}.{suffix}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": shard_of}))
    return index


def into_shards(folder, **settings):
    """Cut a folder's model.safetensors into shards."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    return write_shards(folder, tensors, **settings)
