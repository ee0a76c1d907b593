"""How does a training command behave when torchrun starts it several times? The first process prints and writes files.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_several_processes.py

    torchrun --nproc-per-node 2 --no-python minirag train rag --out my-rag …
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from minirag.training.processes import Processes


@contextmanager
def first_one_speaks() -> Iterator[None]:
    """What another process than the first prints is not seen; an error is, once it has left."""
    with ExitStack() as quiet:
        if os.environ.get("RANK", "0") != "0":
            nowhere = quiet.enter_context(open(os.devnull, "w", encoding="utf-8"))
            quiet.enter_context(redirect_stdout(nowhere))
            quiet.enter_context(redirect_stderr(nowhere))
        yield


def joined(device: "torch.device", shard: bool = False) -> "Processes":
    """All processes that torchrun started. ValueError: there is nobody to share the parameters with."""
    from minirag.training.processes import processes_from_environment

    processes = processes_from_environment(device)
    if shard and processes.count == 1:
        raise ValueError("--shard: there is one process only, nobody to share with (torchrun starts several)")
    return processes


@contextmanager
def first_one_first(processes: "Processes") -> Iterator[None]:
    """The first process goes in alone: what it makes (a vocabulary, a file of passages), the others find."""
    if processes.rank > 0:
        processes.sum(0.0)
    yield
    if processes.rank == 0:
        processes.sum(0.0)


def shared_out(model: "nn.Module", processes: "Processes", shard: bool) -> "Processes":
    """With --shard each process keeps its part of every tensor from here on."""
    if not shard:
        return processes
    from minirag.training.sharding import shard as keep_part

    return keep_part(model, processes)
