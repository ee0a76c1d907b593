"""What must be kept so that a run can go on as if it had never stopped? Weights, Adam's moments, random states, position.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/training/test_checkpoints.py

A step is a pure function of these and of its number, and a file appears whole or not at all: killed at any moment, a run
goes on from the last checkpoint and computes what it would have computed, bit for bit where the arithmetic is the same.
"""

import json
import os
from pathlib import Path

import torch
from jaxtyping import Shaped, UInt8
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from minirag.retrieval.whole_folder import flush
from minirag.training.sharding import as_sharded

Tensors = dict[str, Shaped[Tensor, "..."]]
Json = dict[str, object]


def write_checkpoint(path: Path, tensors: Tensors, state: Json) -> None:
    """One safetensors file with `state` in its header, on disk before it takes its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        save_file({name: t.contiguous() for name, t in tensors.items()}, partial, {"state": json.dumps(state)})
    except SafetensorError as error:  # the disk is full
        raise ValueError(f"{partial}: cannot be written ({' '.join(str(error).split())})") from None
    flush(partial)
    os.replace(partial, path)
    flush(path.parent)


def read_state(path: Path) -> Json:
    """What `write_checkpoint` was told beside the tensors: only the file's header is read."""
    try:
        with safe_open(path, "pt") as file:
            state: Json = json.loads((file.metadata() or {})["state"])
        return state
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path}: not a checkpoint ({' '.join(str(error).split())})") from None


def read_tensors(path: Path) -> Tensors:
    read_state(path)  # a file that is no checkpoint is refused there
    return load_file(path)


def weights_of(model: nn.Module) -> Tensors:
    """Name → weight; one that stands in two places (tied, or a network used twice) comes once."""
    seen: set[int] = set()
    own = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            own[name] = tensor.detach()
    return own


def set_weights(model: nn.Module, tensors: Tensors, source: str | Path) -> None:
    """The model's weights become those of `tensors`. ValueError: a name or a shape is another."""
    own = weights_of(model)
    for name in sorted(own.keys() ^ tensors.keys()):
        raise ValueError(f"{source}: tensor {name} is {'missing' if name in own else 'unknown to the model'}")
    for name, weight in own.items():
        if weight.shape != tensors[name].shape:
            shapes = f"{list(tensors[name].shape)}, the model's is {list(weight.shape)}"
            raise ValueError(f"{source}: tensor {name} is {shapes}")
        weight.copy_(as_sharded(tensors[name], weight))


def moments_of(model: nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """`parameter.exp_avg`, `.exp_avg_sq` and `.step` of every parameter that Adam has moved."""
    return {
        f"{name}.{moment}": tensor
        for name, parameter in model.named_parameters()
        for moment, tensor in optimizer.state.get(parameter, {}).items()
    }


def set_moments(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    parameters = dict(model.named_parameters())
    for key, tensor in tensors.items():
        name, _, moment = key.rpartition(".")
        parameter = parameters[name]
        own = tensor.to(parameter.device, copy=True)
        optimizer.state[parameter][moment] = own if moment == "step" else as_sharded(own, parameter)


def random_states() -> dict[str, UInt8[Tensor, " n"]]:
    """The state of every random generator of torch: the processor's, and each GPU's."""
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state()} | {f"cuda.{number}": state for number, state in enumerate(gpus)}


def set_random_states(states: dict[str, UInt8[Tensor, " n"]]) -> None:
    torch.set_rng_state(states["cpu"].clone())  # torch reads a row of a larger tensor from that tensor's beginning
    for name, state in states.items():
        if name.startswith("cuda.") and torch.cuda.is_available():
            torch.cuda.set_rng_state(state, int(name.removeprefix("cuda.")))


def part(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
