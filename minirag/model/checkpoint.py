"""How do weights get in and out? `config.json` and `model.safetensors`, under published names, every tensor accounted for.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/model/test_checkpoint.py, tests/crosscheck/test_networks.py

A file is read whole or refused: an unknown name, a missing name and a wrong shape are each an error that names the tensor.
Nothing is unpickled.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save, save_file
from torch import Tensor, nn

from minirag.configuration import BartConfig, BertConfig
from minirag.model import name_tables
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import OPTIONAL, NameTable, own_name, published_names
from minirag.model.sentence_transformers import sentence_transformers_settings

CONFIG, WEIGHTS = "config.json", "model.safetensors"
Network = TypeVar("Network", DPRQuestionEncoder, DPRContextEncoder, BartForConditionalGeneration)

TABLES: dict[type, NameTable] = {
    DPRQuestionEncoder: name_tables.DPR_QUESTION_ENCODER,
    DPRContextEncoder: name_tables.DPR_CONTEXT_ENCODER,
    BartForConditionalGeneration: name_tables.BART,
}


def load_network(network: type[Network], folder: str | Path) -> Network:
    """A DPR encoder or BART from a folder in the published layout, in float32 and in evaluation mode."""
    settings = read_config(folder) | sentence_transformers_settings(folder)
    config_class = BartConfig if network is BartForConditionalGeneration else BertConfig
    model = network(config_class.from_dict(settings))  # type: ignore[arg-type]
    load_weights(model, folder, TABLES[network])
    return model.eval()


def save_network(model: Network, folder: str | Path, dtype: torch.dtype | None = None) -> None:
    """The inverse of `load_network`; `dtype` float16 halves the file."""
    settings = {"architectures": [type(model).__name__], **model.config.to_dict()}
    write_config(folder, settings)
    save_weights(model, folder, TABLES[type(model)], dtype)


def read_config(folder: str | Path) -> dict[str, Any]:
    """The parsed `config.json`. ValueError: no such folder or file, or not a JSON object."""
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise ValueError(f"{folder}: not a model folder ({CONFIG} is missing)")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: not a JSON object")
    return settings


def write_config(folder: str | Path, settings: dict[str, Any]) -> None:
    path = Path(folder) / CONFIG
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, path)


def read_tensors(folder: str | Path) -> dict[str, Tensor]:
    """Published name → tensor, as stored."""
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise ValueError(f"{folder}: not a model folder ({WEIGHTS} is missing)")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: truncated or not a safetensors file ({one_line(error)})") from None


def load_weights(model: nn.Module, folder: str | Path, table: NameTable) -> None:
    """Fill `model` from a folder's file, converting to the model's dtype."""
    path = Path(folder) / WEIGHTS
    assign(model, own_tensors(read_tensors(folder), table, str(path)), table, str(path))


def own_tensors(tensors: dict[str, Tensor], table: NameTable, source: str) -> dict[str, Tensor]:
    """Published names → names here. ValueError: a name that is not in the table, or two tied tensors that differ."""
    own: dict[str, Tensor] = {}
    for published, tensor in tensors.items():
        try:
            name = own_name(published, table)
        except KeyError:
            raise ValueError(f"{source}: unexpected tensor {published} of shape {list(tensor.shape)}") from None
        if name in own and not torch.equal(own[name], tensor):
            raise ValueError(f"{source}: {published} should be the same tensor as its tied names, and differs")
        if name is not None:
            own[name] = tensor
    return own


def assign(model: nn.Module, tensors: dict[str, Tensor], table: NameTable, source: str) -> None:
    """Copy every tensor into the model. ValueError: a missing or unexpected name, or a shape, with both shapes."""
    wanted = model.state_dict()
    theirs = published_names(wanted, table)
    for name, parameter in wanted.items():
        if name not in tensors:
            if OPTIONAL.search(name):
                continue
            raise ValueError(f"{source}: tensor {theirs[name]} of shape {list(parameter.shape)} is missing")
        if tensors[name].shape != parameter.shape:
            shapes = f"shape {list(tensors[name].shape)}, the configuration asks for {list(parameter.shape)}"
            raise ValueError(f"{source}: tensor {theirs[name]} has {shapes}")
    for name in tensors.keys() - wanted.keys():
        raise ValueError(f"{source}: unexpected tensor {name} of shape {list(tensors[name].shape)}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            if name in tensors:
                parameter.copy_(tensors[name])


def save_weights(model: nn.Module, folder: str | Path, table: NameTable, dtype: torch.dtype | None = None) -> None:
    """Write `model.safetensors` under published names; the file appears whole or not at all."""
    path = Path(folder) / WEIGHTS
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(published_tensors(model, table, dtype), partial, metadata={"format": "pt"})
    os.replace(partial, path)


def published_tensors(model: nn.Module, table: NameTable, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    own = model.state_dict()
    names = published_names(own, table)
    return {names[name]: tensor.detach().to("cpu", dtype or tensor.dtype).contiguous() for name, tensor in own.items()}


def encoder_fingerprint(model: DPRContextEncoder) -> str:
    """sha256 of settings and weights (in float32): which encoder made these vectors?

    Only settings that differ from the defaults count: a setting that comes later, with the old meaning as its default,
    leaves every knowledge base valid. `model_type` is a name and changes no vector.
    """
    tensors = published_tensors(model, TABLES[type(model)], torch.float32)
    usual = BertConfig().to_dict() | {"model_type": model.config.model_type}
    unusual = {name: value for name, value in model.config.to_dict().items() if value != usual[name]}
    return hashlib.sha256(json.dumps(unusual, sort_keys=True).encode() + save(tensors)).hexdigest()


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
