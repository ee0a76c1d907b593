"""A cluster of several nodes on this machine, for the tests of this floor; and what its processes run."""

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from minirag.retrieval.passages import Passage

FINGERPRINT = "an encoder of tests"


@contextmanager
def nodes(count: int) -> Iterator[object]:
    """Ray with so many nodes, each of one core; what is started within finds it."""
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()  # of a command that a test ran before
    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(count - 1):
        started.add_node(num_cpus=1)
    ray.init(address=started.address, log_to_driver=False, logging_level="ERROR")
    try:
        yield started
    finally:
        ray.shutdown()
        started.shutdown()


def whereabouts(process: object) -> tuple[str, int]:
    """The node and the process id."""
    import ray

    asked = process.__ray_call__.remote(lambda self: (ray.get_runtime_context().get_node_id(), os.getpid()))  # type: ignore[attr-defined]
    return ray.get(asked)


def encode(passages: Sequence[Passage]) -> Tensor:
    """A vector per passage, drawn from its id alone: batches do not matter."""
    seeds = [torch.Generator().manual_seed(zlib.crc32(passage.id.encode())) for passage in passages]
    return torch.stack([torch.randn(8, generator=seed) for seed in seeds])


def opened() -> tuple[object, str]:
    return encode, FINGERPRINT


def opened_another() -> tuple[object, str]:
    return encode, "another encoder"


class DiesOnce:
    """An encoder whose process is killed (−9) at the first passage called `at`; `mark` remembers that it was."""

    def __init__(self, mark: Path, at: str) -> None:
        self.mark, self.at = mark, at

    def __call__(self) -> tuple[object, str]:
        return self.encode, FINGERPRINT

    def encode(self, passages: Sequence[Passage]) -> Tensor:
        if any(passage.id == self.at for passage in passages) and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), 9)
        return encode(passages)


class AlwaysDies(DiesOnce):
    def encode(self, passages: Sequence[Passage]) -> Tensor:
        os.kill(os.getpid(), 9)
        return encode(passages)


class Refuses(DiesOnce):
    def encode(self, passages: Sequence[Passage]) -> Tensor:
        raise ValueError("a passage without words")
