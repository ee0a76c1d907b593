"""How does a training command behave when torchrun starts it several times? The first process prints and writes files.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_several_processes.py

    torchrun --nproc-per-node 2 --no-python -- minirag train rag --out my-rag …

(Without `--` torchrun takes minirag's `--start` for the beginning of an option of its own.)
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from minirag.cli.training_options import TrainingOptions
    from minirag.training.processes import Processes


WAIT = 5.0  # seconds, in which torchrun ends the other processes


def started() -> int:
    """How many processes run this command."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def first_one_speaks() -> Iterator[None]:
    """What another process than the first prints is not seen. What all of them refuse is said once: the others wait with it,
    and torchrun ends them meanwhile. ValueError: another process has gone (it says why).
    """
    other = os.environ.get("RANK", "0") != "0"
    try:
        with ExitStack() as quiet:
            if other:
                nowhere = quiet.enter_context(open(os.devnull, "w", encoding="utf-8"))
                quiet.enter_context(redirect_stdout(nowhere))
                quiet.enter_context(redirect_stderr(nowhere))
            yield
    except (ValueError, OSError):
        time.sleep(WAIT if other else 0)
        raise
    except RuntimeError as error:
        if started() == 1 or not was_left(error):
            raise
        time.sleep(WAIT)
        raise ValueError("another process of this training has ended") from None


def was_left(error: RuntimeError) -> bool:
    """Is it what gloo or nccl say when a process is gone? gloo has no exception of its own."""
    from torch.distributed import DistError

    return isinstance(error, DistError) or "gloo" in str(error)


def only_alone(what: str) -> None:
    if started() > 1:
        raise ValueError(f"{what} runs in one process: do without torchrun")


def joined(training: "TrainingOptions", device: "torch.device", evenly: bool = True) -> "Processes":
    """All processes that torchrun started. ValueError: nobody to share with, a batch too small, no GPU.

    evenly: what is trained is sharded only where each process gets equally many rows.
    """
    from minirag.training.processes import processes_from_environment

    count, size = started(), training.batch_size
    if training.shard and count == 1:
        raise ValueError("--shard: there is one process only, nobody to share with (torchrun starts several)")
    if training.shard and evenly and size % count:
        raise ValueError(f"--batch-size {size}: with --shard, {count} processes must get equally many rows each")
    if size < count:
        raise ValueError(f"--batch-size {size}: {count} processes share a batch, and one would get no row")
    if count > 1:
        check_device(device)
    return processes_from_environment(device)


def check_device(device: "torch.device") -> None:
    """ValueError: not every process here would have a GPU of its own, or they could not talk."""
    import torch

    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if device.type == "cuda" and here > torch.cuda.device_count():
        raise ValueError(f"{here} processes need a GPU each, and {torch.cuda.device_count()} are here (--device cpu?)")
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"--device {device.type}: several processes meet on cpu or cuda only")


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
