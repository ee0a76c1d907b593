"""What if weights, gradients and moments do not fit into one process? Each keeps a part of every tensor (torch's own FSDP).

Paper     Rajbhandari et al. 2020 (ZeRO), §5; Zhao et al. 2023 (PyTorch FSDP)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_sharding.py

A layer's weights are put together when it is computed, and thrown away again; its gradients are added up and cut into
parts in backward. Every process must therefore compute the same layers equally often: batches are shared evenly (BART, RAG),
or unequal shares are cut into equally many chunks (dpr/encoding.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from jaxtyping import Shaped
from torch import Tensor, nn

from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPREncoder
from minirag.training.activation_checkpointing import layers_of
from minirag.training.processes import Processes, is_sharded

NETWORKS = (DPREncoder, BartForConditionalGeneration)
BART_CALLS = (
    "encode",
    "decode",
    "decode_states",
    "answer_states",
    "start_cache",
    "decode_step",
    "read_nodes",
)  # besides forward: these need weights, too


def shard(model: nn.Module, processes: Processes) -> Processes:
    """From now on this process keeps 1/count of each tensor of DPR and BART; returns processes that share batches evenly.

    `model.parameters()` are others afterwards: make the optimizer behind this. Gradients are sums over the processes.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method  # takes a second: only where asked for

    device = next(model.parameters()).device.type
    mesh = init_device_mesh(device, (processes.count,))
    networks = [module for module in model.modules() if isinstance(module, NETWORKS)]
    for layer in layers_of(model):
        adds_up(fully_shard(layer, mesh=mesh, reshard_after_forward=True))
    for network in networks:
        adds_up(fully_shard(network, mesh=mesh, reshard_after_forward=False))  # E is read once more by the output layer
        for name in BART_CALLS if isinstance(network, BartForConditionalGeneration) else ():
            register_fsdp_forward_method(network, name)
    return replace(processes, evenly=True)


def adds_up(part: Any) -> None:
    """Shares of the loss add up, so their gradients do: no mean. gloo knows no other reduction than a sum anyway."""
    part.set_gradient_divide_factor(1.0)
    part.set_force_sum_reduction_for_comms(True)


@contextmanager
def put_together(model: nn.Module) -> Iterator[None]:
    """Within, every process has all weights: for cached decoding, which calls parts of layers. No gradients in here."""
    parts: list[Any] = [module for module in model.modules() if hasattr(module, "unshard")]
    layers = [part for part in parts if not isinstance(part, NETWORKS)]
    for layer in layers:
        layer.set_reshard_after_forward(False)
    for part in parts:
        part.unshard()
    try:
        yield
    finally:
        for part in parts:
            part.reshard()
        for layer in layers:
            layer.set_reshard_after_forward(True)


def make_whole(model: nn.Module) -> None:
    """Afterwards every process has all weights again, to be saved: training is over. Every process must call this."""
    parts: list[Any] = [module for module in model.modules() if hasattr(module, "unshard")]
    for part in parts:
        part.reshard()
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if is_sharded(parameter):
                setattr(module, name, nn.Parameter(cast(Any, parameter).full_tensor(), parameter.requires_grad))
    for part in parts:
        part.__class__ = type(part).__bases__[1]  # what it was before torch put FSDPModule in front


def whole_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """All parts of those that are sharded, for which every process must ask; the others as they are."""
    return {name: cast(Any, tensor).full_tensor() if is_sharded(tensor) else tensor for name, tensor in tensors.items()}


def as_sharded(tensor: Shaped[Tensor, "..."], example: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
    """This process's part of a whole tensor that every process has, cut as `example` is cut."""
    if not is_sharded(example):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    like = cast(Any, example)  # a DTensor
    return distribute_tensor(tensor, like.device_mesh, like.placements, src_data_rank=None)
