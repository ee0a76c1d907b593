"""How do a third of the numbers say nearly as much? Vectors are seen along the axes on which they are longest.

Paper     Pearson 1901 (principal axes); Jégou et al. 2011 (arXiv 1102.3828), §1: short codes find, whole vectors decide
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_principal_axes.py

A graph (hnsw_index.py) keeps every vector in memory, and a walk through it waits for that memory: for each vector that it
looks at 3 KB from anywhere, at 768 numbers. With 256 it is 1 KB, and a graph is built in half the time. What is lost
is made good by rescored_index.py: the graph names candidates, and their whole vectors decide. Of openqa's 23,433 passages
(MiniLM, 384 numbers, 78 % of their squared length on the first 128 axes) a graph of 128 numbers with 100 candidates found
99.5 % of the exact top 5 of 1,000 questions, one of all 384 found 99.7 %.

The axes are those of the vectors that were there when the graph was built, and stay as they are when passages change: every
node has to be seen along the same ones.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from minirag.retrieval.along_axes import Axes
from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.vectors import blocks, one_line

SHARE = 3  # one axis for so many numbers
LEAST = 256  # numbers; shorter vectors stay whole
SAMPLE = 20_000  # vectors that the axes are made of
KEY = "axes"


def axes_wanted(dimension: int) -> int | None:
    """C for vectors of D numbers: a third, as a multiple of 16. None: all numbers."""
    return dimension // SHARE // 16 * 16 if dimension >= LEAST else None


def principal_axes(vectors: Stored, count: int) -> Axes:
    """The first C eigenvectors of Σ_z d(z) d(z)ᵀ: no other C axes keep more of the vectors' squared length."""
    moments = torch.zeros(vectors.shape[1], vectors.shape[1], dtype=torch.float64)
    rows = torch.linspace(0, len(vectors) - 1, min(SAMPLE, len(vectors))).long()
    for _, block in blocks(vectors, rows):
        wide = block.cpu().double()
        moments += wide.T @ wide
    smallest_first = torch.linalg.eigh(moments).eigenvectors
    return smallest_first.flip(1)[:, :count].float().contiguous()


def write_axes(path: Path, axes: Axes) -> None:
    """OSError: the disk is full."""
    path.write_bytes(save({KEY: axes}))


def read_axes(path: Path, dimension: int, count: int) -> Axes:
    """ValueError if the file holds anything but `count` axes for vectors of `dimension` numbers."""
    try:
        with safe_open(path, framework="pt") as file:
            axes = file.get_tensor(KEY) if list(file.keys()) == [KEY] else None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: is not a whole safetensors file ({one_line(error)})") from None
    if axes is None or axes.dtype != torch.float32 or list(axes.shape) != [dimension, count]:
        raise ValueError(f"{path}: does not hold {count} axes of {dimension} float32 numbers")
    if not torch.allclose(axes.T @ axes, torch.eye(count), atol=1e-4):  # NaN is not close
        raise ValueError(f"{path}: its axes are not of length 1 and at right angles")
    return axes
