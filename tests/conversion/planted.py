"""A file that runs a command when it is unpickled, and files of weights in which it can be hidden."""

import argparse
import os

import torch

from minirag.model.checkpoint import TABLES, published_tensors, save_network
from tests.model.networks import bart, question_encoder


class Planted:
    """Unpickled without care, it makes a folder."""

    def __init__(self, place) -> None:
        self.place = str(place)

    def __reduce__(self):
        return os.mkdir, (self.place,)


def write_bin_folder(folder, model=None, **extra):
    """config.json and pytorch_model.bin."""
    model = model or bart()
    save_network(model, folder)
    (folder / "model.safetensors").unlink()
    path = folder / "pytorch_model.bin"
    torch.save({**published_tensors(model, TABLES[type(model)]), **extra}, path)
    return path


def biencoder(**extra) -> dict:
    """What a `dpr_biencoder.*.cp` holds, both towers the same."""
    tensors = published_tensors(question_encoder(hidden_size=64), TABLES[type(question_encoder())])
    body = {name.removeprefix("question_encoder.bert_model."): tensor for name, tensor in tensors.items()}
    towers = {f"{side}.{name}": tensor for side in ("question_model", "ctx_model") for name, tensor in body.items()}
    params = {"encoder_model_type": "hf_bert", "do_lower_case": True}
    return {"model_dict": towers, "optimizer_dict": {}, "offset": 0, "epoch": 1, "encoder_params": params, **extra}


def fairseq(arguments=None, **extra) -> dict:
    """What fairseq's `model.pt` of BART holds."""
    tensors = published_tensors(bart(), TABLES[type(bart())])
    body = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name != "final_logits_bias"}
    body["encoder.embed_tokens.weight"] = body.pop("shared.weight")
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 4}
    said = {"activation_fn": "gelu", "no_scale_embedding": True, **heads, **(arguments or {})}
    return {"args": argparse.Namespace(**said), "model": body, **extra}
