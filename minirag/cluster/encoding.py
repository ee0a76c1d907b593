"""Who encodes 21 million passages? Several processes that each hold the context encoder, on one machine or many.

Paper     RAG §2.4, §3 (every passage is encoded once); DPR §5.1 (8.8 hours on 8 GPUs for 21 million passages)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cluster/test_encoding.py

Building a knowledge base stays as it is (retrieval/construction.py): it asks for several batches at once, each is encoded by
whoever is free, and the vectors are written in the passages' order. So what is stopped goes on, with any number of workers.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from queue import Queue
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.cluster.engine import answer_of, cores_each, start_processes
from minirag.retrieval.building import Encode
from minirag.retrieval.passages import Passage

AHEAD = 2  # batches for each worker: while one is encoded the next is on its way

OpenEncoder = Callable[[], tuple[Encode, str]]  # the encoder, and its fingerprint


class EncodingWorker:
    """Runs in a process of its own."""

    def __init__(self, open_encoder: OpenEncoder, threads: int) -> None:
        torch.set_num_threads(threads)
        self.open_encoder = open_encoder

    @cached_property
    def opened(self) -> tuple[Encode, str]:
        """With the first request, so that a request tells what is wrong."""
        return self.open_encoder()

    def fingerprint(self) -> str:
        return self.opened[1]

    def encode(self, passages: Sequence[Passage]) -> Float[Tensor, "n D"]:
        with torch.no_grad():
            return self.opened[0](passages).cpu()


class SpreadEncoder:
    """d(z) = encode(passages), computed by the next worker that is free. May be called from any thread."""

    def __init__(self, open_encoder: OpenEncoder, count: int, fingerprint: str, gpus: int = 0) -> None:
        """gpus: that each worker needs. ValueError: a worker holds another encoder than the one with this fingerprint."""
        self.workers = start_processes(EncodingWorker, [(open_encoder, cores_each(count))] * count, gpus)
        self.at_once = AHEAD * count
        self.free: Queue[tuple[str, Any]] = Queue()
        named = [(f"encoding worker {number}", worker) for number, worker in enumerate(self.workers, start=1)]
        for name, found in [(name, worker.fingerprint.remote()) for name, worker in named]:
            if (other := answer_of(found, name)) != fingerprint:
                raise ValueError(f"{name}: has another encoder (fingerprint {other[:12]!r}, not {fingerprint[:12]!r})")
        for pair in named * AHEAD:
            self.free.put(pair)

    def __call__(self, passages: Sequence[Passage]) -> Float[Tensor, "n D"]:
        """OSError: the worker died, and so did those that took its place."""
        name, worker = self.free.get()
        try:
            return answer_of(worker.encode.remote(list(passages)), name)
        finally:
            self.free.put((name, worker))
