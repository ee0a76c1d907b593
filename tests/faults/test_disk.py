"""The disk is full, or does not let itself be written or read."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.sidecar import SIDECAR
from tests.retrieval.small_bases import some_passages, unit_vectors

INTO = ["--out", "kb", "--model", "model", "--overwrite"]


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """As if the disk were full: nothing is written behind byte `size` of a file (errno EFBIG in place of ENOSPC)."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def wide(passages) -> torch.Tensor:
    return unit_vectors(len(passages), 4096)


def test_the_disk_is_full(fault):
    """At the first byte, within the passages, within the vectors, within the graph, one byte before the end of each."""
    build_knowledge_base("sizes", some_passages(20), wide, "f", index="hnsw")
    sizes = [path.stat().st_size for path in Path("sizes").iterdir() if path.name != SIDECAR]
    with fault.changing_nothing(but=".kb.building"):
        for size in (0, 10_000):
            with files_end_at(size):
                fault.refuses("index", "notes.csv", *INTO)
        for size in (size - 1 for size in sizes):
            with files_end_at(size), pytest.raises(ValueError) as caught:
                build_knowledge_base("kb", some_passages(20), wide, "f", index="hnsw", overwrite=True)
            fault.says(str(caught.value))


@contextmanager
def as_nobody_special() -> Iterator[None]:
    """root may read and write whatever the modes of files say: this thread does without that for a while (Linux)."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "capset"):
        pytest.skip("root, on a system without capabilities")
    head, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(head, data) == 0
    effective = data[0]
    data[0] &= ~0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    assert libc.capset(head, data) == 0
    try:
        yield
    finally:
        data[0] = effective
        assert libc.capset(head, data) == 0


@contextmanager
def closed(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        with as_nobody_special():
            yield
    finally:
        path.chmod(before)


def test_permission_is_denied(fault, tmp_path):
    (tmp_path / "shelf").mkdir()
    with fault.changing_nothing():
        with closed(tmp_path, 0o555):
            fault.refuses("index", "notes.csv", *INTO)
        with closed(tmp_path / "notes.csv", 0):
            fault.refuses("index", "notes.csv", *INTO)
        with closed(tmp_path / "shelf", 0):
            fault.refuses("index", "shelf", *INTO)
        for path in sorted((tmp_path / "hnsw").iterdir()):
            with closed(path, 0):
                fault.refuses("search", "Who?", "--kb", "hnsw", "--model", "model")
