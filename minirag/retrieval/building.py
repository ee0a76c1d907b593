"""What does making a knowledge base begin with? Its place is looked at, and its passages are encoded in batches.

Paper     RAG §2.4 (context encoder and index stay fixed: this is done once), §3 (one vector per 100-word passage)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_knowledge_base.py
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.retrieval.passages import Passage
from minirag.retrieval.sidecar import is_ours, read_sidecar

EXACT_UP_TO = 50_000  # passages; beyond, index="auto" builds a graph
BATCH = {"cpu": 32, "cuda": 64}  # passages encoded together: an encoder's matrices are read once for all of them
SORTED_TOGETHER = 1024  # so many passages are read, sorted by length, encoded in batches and put back in order

Item = TypeVar("Item")
Encode = Callable[[Sequence[Passage]], Float[Tensor, "n D"]]
Progress = Callable[[int, int | None], None]


def check_place(folder: Path, overwrite: bool) -> None:
    """Before the long work: may `folder` be written? Other people's files are never replaced."""
    try:
        folder.stat()  # exists() would take a loop of links for nothing
    except FileNotFoundError:
        return
    if not folder.is_dir():
        raise ValueError(f"{folder}: exists and is not a folder")
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if not is_ours(name)]
    if others:
        raise ValueError(f"{folder}: is not replaced, because it holds other files ({others[0]!r})")
    if names:
        read_sidecar(folder)
    if names and not overwrite:
        raise ValueError(f"{folder}: is a knowledge base already; it is replaced only when overwriting is asked for")


def choose_index(index: str, count: int) -> str:
    if index not in ("auto", "exact", "hnsw"):
        raise ValueError(f"index={index!r} is not one of auto, exact, hnsw")
    if index != "auto":
        return index
    return "exact" if count <= EXACT_UP_TO else "hnsw"


def encoded_batches(
    passages: Iterable[Passage],
    encode: Encode,
    batch_size: int,
    report: Callable[[int], None],
    done: int = 0,
    at_once: int = 1,
) -> Iterator[Float[Tensor, "n D"]]:
    """d(z) for all passages in their order, without gradient; `report` gets the number of passages done.

    Passages of like length are encoded together, so that little is padded; the longest first, so that what one batch has
    freed is large enough for the next, and what does not fit into memory shows at once. `done`: how many were before these.
    at_once: from so many threads `encode` is called.
    """
    orders: deque[list[int]] = deque()  # of the groups that are under way

    def batches() -> Iterator[list[Passage]]:
        for several in in_batches(passages, SORTED_TOGETHER):
            order = sorted(range(len(several)), key=lambda n: -len(several[n].title) - len(several[n].text))
            orders.append(order)
            yield from ([several[n] for n in chosen] for chosen in in_batches(order, batch_size))

    parts: list[Float[Tensor, "_ _"]] = []
    for part in encoded_ahead(batches(), encode, at_once):
        parts.append(part)
        done += len(part)
        report(done)
        if sum(map(len, parts)) == len(orders[0]):
            yield in_order(parts, orders.popleft())
            parts = []


def encoded_ahead(batches: Iterable[Sequence[Passage]], encode: Encode, at_once: int) -> Iterator[Float[Tensor, "n D"]]:
    """d(z) of each batch, in their order, while those behind it are encoded already."""
    if at_once == 1:
        yield from (encoded(batch, encode) for batch in batches)
        return
    threads, under_way = ThreadPoolExecutor(at_once), deque[Future[Float[Tensor, "n D"]]]()
    try:
        for batch in batches:
            under_way.append(threads.submit(encoded, batch, encode))
            if len(under_way) == at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)


def encoded(batch: Sequence[Passage], encode: Encode) -> Float[Tensor, "n D"]:
    with torch.no_grad():
        vectors = encode(batch)
    if vectors.dim() != 2 or len(vectors) != len(batch) or vectors.shape[1] < 1:
        raise ValueError(f"encode gave a tensor of shape {list(vectors.shape)} for {len(batch)} passages")
    return vectors


def in_order(parts: Sequence[Float[Tensor, "_ _"]], order: Sequence[int]) -> Float[Tensor, "n D"]:
    """Row i of all parts together goes to row order[i]."""
    if len(dimensions := {part.shape[1] for part in parts}) > 1:
        raise ValueError(f"encode gave vectors of dimensions {sorted(dimensions)}")
    return torch.cat(list(parts))[torch.tensor(order).argsort()]


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    if size < 1:
        raise ValueError(f"batch_size={size} must be at least 1")
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
