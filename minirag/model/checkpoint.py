"""How do weights get in and out? A folder in a published layout ↔ a network, every tensor accounted for.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/model/test_checkpoint.py, tests/model/test_layouts.py, tests/crosscheck/test_networks.py

A file is read whole or refused: an unknown name, a missing name, a wrong shape and two tied tensors that differ are each an
error that names the tensor. Which files there are is tensor_files.py's matter, what their tensors are called name_tables.py's.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Shaped
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from minirag.configuration import BertConfig
from minirag.model import name_tables
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.config_files import read_bart_config, read_bert_config, write_config
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import OPTIONAL, Dropped, NameTable, layout, own_name, published_names
from minirag.model.tensor_files import Tensors, read_tensors, weights_file, write_tensors

Network = TypeVar("Network", DPRQuestionEncoder, DPRContextEncoder, BartForConditionalGeneration)
Module = TypeVar("Module", bound=nn.Module)

LAYOUTS: dict[type, tuple[NameTable, ...]] = {
    DPRQuestionEncoder: name_tables.QUESTION_ENCODER_LAYOUTS,
    DPRContextEncoder: name_tables.CONTEXT_ENCODER_LAYOUTS,
    BartForConditionalGeneration: name_tables.BART_LAYOUTS,
}
TABLES: dict[type, NameTable] = {network: tables[0] for network, tables in LAYOUTS.items()}  # the one that is written
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def load_network(network: type[Network], folder: str | Path) -> Network:
    """A DPR encoder or BART from a folder in any published layout, in float32 and in evaluation mode."""
    read: Callable[[str | Path], Any] = (
        read_bart_config if network is BartForConditionalGeneration else read_bert_config
    )
    config = read(folder)
    model = unfilled(lambda: network(config))
    fill(model, folder, LAYOUTS[network])
    return model.eval()


def save_network(model: Network, folder: str | Path, dtype: torch.dtype | None = None) -> None:
    """The inverse of `load_network`; `dtype` float16 halves the file."""
    write_config(folder, {"architectures": [type(model).__name__], **model.config.to_dict()})
    write_tensors(published_tensors(model, TABLES[type(model)], dtype), folder)


def with_settings(model: Network, settings: Mapping[str, Any]) -> Network:
    """The same weights with some settings of their config replaced, none of which may change a shape."""
    other = type(model)(replace(model.config, **settings))
    other.load_state_dict(model.state_dict())
    return other.train(model.training)


def unfilled(make: Callable[[], Module]) -> Module:
    """A network that is about to be filled: no time goes into random weights, and no random number is drawn."""
    with WithoutInitialisation():
        return make()


class WithoutInitialisation(TorchFunctionMode):
    """Passes over `nn.init`: a new weight is memory that nobody has written to.

    torch's own way, the device "meta", asks its compiler for the shapes: that imports SymPy, torch._dynamo and FSDP, which
    takes longer than importing torch (tests/cli/test_cold_start.py).
    """

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, arguments: tuple[Any, ...] = (), named: Any = None
    ) -> Any:
        if getattr(function, "__module__", "") == "torch.nn.init":
            return named["tensor"]
        return function(*arguments, **named or {})


def fill(model: nn.Module, folder: str | Path, tables: Sequence[NameTable]) -> None:
    """Every weight from the folder's file or shards, in the model's own dtype."""
    path = weights_file(folder)
    tensors = read_tensors(path)
    own = own_tensors(tensors, model.state_dict(), layout(tensors, tables), path)
    with torch.no_grad():
        for name, parameter in model.state_dict().items():
            if name in own:
                parameter.copy_(own[name])
            else:
                parameter.zero_()


def own_tensors(tensors: Tensors, wanted: Mapping[str, Tensor], table: NameTable, source: Path) -> Tensors:
    """Published names → names here. ValueError names a tensor that is unexpected, missing, or not what is wanted."""
    own: Tensors = {}
    for published, tensor in tensors.items():
        try:
            name = own_name(published, table)
        except KeyError:
            name = ""
        if isinstance(name, Dropped):
            continue
        if name not in wanted:
            raise ValueError(f"{source}: unexpected tensor {published} of shape {list(tensor.shape)}")
        check_tensor(tensor, wanted[name], f"{source}: tensor {published}")
        if name in own and not same(own[name], tensor):
            raise ValueError(f"{source}: {published} should be the same tensor as its tied names, and differs")
        own[name] = tensor
    for name, published in published_names(wanted, table).items():
        if name not in own and not OPTIONAL.search(name):
            raise ValueError(f"{source}: tensor {published} of shape {list(wanted[name].shape)} is missing")
    return own


def check_tensor(tensor: Shaped[Tensor, "..."], wanted: Shaped[Tensor, "..."], what: str) -> None:
    if tensor.shape != wanted.shape:
        shapes = f"shape {list(tensor.shape)}, the configuration asks for {list(wanted.shape)}"
        raise ValueError(f"{what} has {shapes}")
    if tensor.dtype not in FLOATS:
        raise ValueError(f"{what} is of type {str(tensor.dtype).removeprefix('torch.')}, which is no plain float")


def same(one: Shaped[Tensor, "..."], other: Shaped[Tensor, "..."]) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def published_tensors(model: nn.Module, table: NameTable, dtype: torch.dtype | None = None) -> Tensors:
    """Every weight under its published name, contiguous and on the CPU."""
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


def weights_fingerprint(model: nn.Module) -> str:
    """sha256 of every weight of a model, of one tensor at a time; a context encoder beside it is not counted.

    For the reader of a table: were these numbers made with those weights? RAG-Token and RAG-Sequence of one folder agree.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if "ctx_encoder" not in name:
            digest.update(save({name: tensor.detach().cpu().contiguous()}))
    return digest.hexdigest()
