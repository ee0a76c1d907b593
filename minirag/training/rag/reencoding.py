"""How does the knowledge base follow a context encoder that is being trained? It is encoded again while training goes on.

Paper     RAG §2.4 (kept fixed there: costly, and not needed for strong results); REALM §3.3 (refreshed every few hundred steps)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_reencoding.py

At step v·N the context encoder's weights are written to disk, and a thread encodes every passage with them. At step (v+1)·N, no
sooner and no later, the search goes over to that base v: which base a step sees depends on its number alone, so a run that was
stopped goes on bit for bit. Where the thread is late the loop waits.

    snapshot-v.safetensors    the context encoder at step v·N: what a stopped encoding begins again from
    base-v/                   a knowledge base, there as a whole or not at all
"""

import copy
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from minirag.model.checkpoint import encoder_fingerprint
from minirag.model.dpr import DPRContextEncoder
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.encoding import encode_passages
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from minirag.retrieval.whole_folder import flush
from minirag.text.tokenizers import Tokenizer

KEPT = 2  # versions before the newest: a checkpoint of the last N steps can still ask for them


class RollingBase:
    """`at(step)` is the knowledge base that a step searches; `close()` ends an encoding that nobody waits for."""

    def __init__(
        self, first: KnowledgeBase, encoder: DPRContextEncoder, tokenizer: Tokenizer, place: Path, every: int
    ) -> None:
        if every < 1:
            raise ValueError(f"reencode_every={every} must be at least 1")
        self.first, self.encoder, self.tokenizer, self.place, self.every = first, encoder, tokenizer, place, every
        self.version, self.base = 0, first
        self.running: Encoding | None = None
        place.mkdir(parents=True, exist_ok=True)
        for leftover in place.glob(".base-*"):  # of a process that was killed while it wrote
            shutil.rmtree(leftover)

    def at(self, step: int) -> KnowledgeBase:
        """Base step//N − 1, the first one before step 2N. ValueError: an encoding failed, or its snapshot is missing."""
        newest = step // self.every
        self.switch_to(max(0, newest - 1))
        if newest and step % self.every == 0:
            self.renew_snapshot(newest)
            self.forget_before(newest - KEPT)
        if newest:
            self.begin(newest)
        return self.base

    def switch_to(self, version: int) -> None:
        """Wait until `version` is whole, then search it."""
        if version == self.version:
            return
        if version > 0:
            self.begin(version)
            self.wait()
        self.base = KnowledgeBase.open(self.folder(version)) if version > 0 else self.first
        self.version = version

    def renew_snapshot(self, version: int) -> None:
        """The weights of now. What was made from others (of a run that was set back, or of a rehearsal) goes."""
        if not holds(self.snapshot(version), self.encoder):
            self.close()
            shutil.rmtree(self.folder(version), ignore_errors=True)
            write_snapshot(self.encoder, self.snapshot(version))

    def begin(self, version: int) -> None:
        """Encode in the background, unless that is done or being done. One encoding at a time."""
        if self.folder(version).exists() or (self.running is not None and self.running.version == version):
            return
        self.wait()
        encoder = with_weights(self.encoder, self.snapshot(version))

        def work(stopped: Callable[[], bool]) -> None:
            encode_again(self.first, encoder, self.tokenizer, self.folder(version), stopped)

        self.running = Encoding(version, work)

    def wait(self) -> None:
        """ValueError: the encoding failed."""
        if self.running is not None:
            fault, self.running = self.running.end(), None
            if fault is not None:
                raise ValueError(f"{self.place}: the knowledge base could not be encoded again ({fault})")

    def close(self) -> None:
        """A base that is being written is given up."""
        if self.running is not None:
            self.running.stopped.set()
            self.running.end()
            self.running = None

    def forget_before(self, version: int) -> None:
        for old in range(max(0, version - KEPT), version):
            shutil.rmtree(self.folder(old), ignore_errors=True)
            self.snapshot(old).unlink(missing_ok=True)

    def snapshot(self, version: int) -> Path:
        return self.place / f"snapshot-{version}.safetensors"

    def folder(self, version: int) -> Path:
        return self.place / f"base-{version}"


class Encoding:
    """One version on its way, in a thread. `end()` waits for it and hands out what went wrong, if anything did."""

    def __init__(self, version: int, work: Callable[[Callable[[], bool]], None]) -> None:
        self.version, self.work = version, work
        self.stopped = Event()
        self.fault: BaseException | None = None
        self.thread = Thread(target=self.run, name=f"base {version}", daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            self.work(self.stopped.is_set)
        except BaseException as error:  # whatever it is, the loop has to know
            self.fault = error

    def end(self) -> BaseException | None:
        self.thread.join()
        return self.fault


def encode_again(
    old: KnowledgeBase,
    encoder: DPRContextEncoder,
    tokenizer: Tokenizer,
    out: Path,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int | None], None] | None = None,
) -> KnowledgeBase:
    """The passages of `old` with this encoder's vectors, in a folder that appears whole or not at all."""

    def encode(passages: Sequence[Passage]) -> Float[Tensor, "n D"]:
        if stopped():
            raise InterruptedError("given up")
        return encode_passages(encoder, tokenizer, passages)

    kind, dtype = old.sidecar.index["kind"], old.sidecar.dtype
    return build_knowledge_base(
        out, old.store, encode, encoder_fingerprint(encoder), dtype, kind, progress=progress, overwrite=True
    )


def write_snapshot(encoder: DPRContextEncoder, path: Path) -> None:
    """The weights, on disk as a whole before anything is encoded with them."""
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}, partial)
    flush(partial)
    os.replace(partial, path)


def holds(snapshot: Path, encoder: DPRContextEncoder) -> bool:
    """Are these the weights that lie there already?"""
    if not snapshot.exists():
        return False
    stored, own = load_file(snapshot), encoder.state_dict()
    return stored.keys() == own.keys() and all(torch.equal(stored[name], own[name].cpu()) for name in own)


def with_weights(like: DPRContextEncoder, snapshot: Path) -> DPRContextEncoder:
    """A network of its own with the weights of a snapshot, on the same device, not in training."""
    if not snapshot.exists():
        raise ValueError(f"{snapshot}: is missing, and the knowledge base that it is for cannot be made without it")
    encoder = copy.deepcopy(like)
    encoder.load_state_dict(load_file(snapshot))
    return encoder.eval().requires_grad_(False)
