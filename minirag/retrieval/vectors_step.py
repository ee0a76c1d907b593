"""How does every passage of a new or changed knowledge base get its vector? Those that came are encoded, the others are kept.

Paper     RAG §2.4 (the context encoder stays fixed: a vector is computed once)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_resuming.py, tests/retrieval/test_updating.py

A step of construction.py. Encoding that was stopped goes on behind the last 1,024 passages.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.retrieval.building import SORTED_TOGETHER, encoded_batches
from minirag.retrieval.changing import Changes
from minirag.retrieval.estimate import check_room, estimate
from minirag.retrieval.given_vectors import GivenVectors, with_given
from minirag.retrieval.int8_vectors import Stored
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import PassageStore
from minirag.retrieval.recipe import Recipe
from minirag.retrieval.sidecar import PASSAGES, VECTORS
from minirag.retrieval.staging import WHOLE
from minirag.retrieval.storage_trial import StorageTrial
from minirag.retrieval.vectors import BLOCK, open_vectors, vectors_written, write_vectors

GIVEN, ENCODED, TRIAL = "given.sqlite", "encoded.safetensors", "trial.safetensors"


def vectors_step(
    folder: Path,
    place: Path,
    old: KnowledgeBase | None,
    changes: Changes,
    kind: str,
    recipe: Recipe,
    report: Callable[[int], None],
) -> int:
    """New passages are encoded; then their vectors and the old ones are put together. Returns the dimension."""
    path, encoded, rows = place / WHOLE / VECTORS, place / ENCODED, changes.new_rows()
    if path.is_file():
        return open_vectors(path).shape[1]
    store = PassageStore.open(place / WHOLE / PASSAGES)
    given = GivenVectors(place / GIVEN)
    encode = with_given(given, recipe.encode)
    done = vectors_written(encoded, recipe.dtype, SORTED_TOGETHER)
    needs = estimate(store, changes, old, recipe.encode, recipe.dtype, kind, done)
    check_room(folder, place, needs)
    recipe.announce(needs)
    if rows:
        passages = (store.passage(row) for row in rows[done:]) if old is not None else store.from_row(done)
        batches = encoded_batches(passages, encode, recipe.batch_size, report, done, recipe.at_once)
        if is_tried(old, recipe.dtype):
            batches = StorageTrial(place / TRIAL).watched(batches, done)
        dimension = write_vectors(encoded, len(rows), batches, recipe.dtype, done)
        if old is not None and dimension != old.sidecar.dimension:
            raise ValueError(f"encode gave vectors of dimension {dimension}, those of {folder} have another")
    store.close()
    given.close()
    if old is None:
        encoded.rename(path)
    else:
        together(place, old, open_vectors(encoded) if rows else None, changes, recipe.dtype)
    return open_vectors(path).shape[1]


def is_tried(old: KnowledgeBase | None, dtype: str) -> bool:
    """Of vectors that were there before, only what is stored is known."""
    return old is None and dtype != "float32"


def stored_recall(place: Path, old: KnowledgeBase | None, dtype: str) -> float | None:
    """What the sidecar says of it; after a change, what it said when all passages were encoded."""
    if not is_tried(old, dtype):
        return None if old is None else old.sidecar.stored_recall_at_5
    return round(StorageTrial(place / TRIAL).recall(open_vectors(place / WHOLE / VECTORS)), 4)


def together(place: Path, old: KnowledgeBase, new: Stored | None, changes: Changes, dtype: str) -> None:
    """The vectors of all passages, one block after another, appear as a whole."""
    partial = place / "vectors.partial"
    write_vectors(partial, changes.count, changed_vectors(old.vectors, new, changes), dtype)
    partial.rename(place / WHOLE / VECTORS)


def changed_vectors(old: Stored, new: Stored | None, changes: Changes) -> Iterator[Float[Tensor, "b D"]]:
    """Row for row: the old vector of a passage that stayed or moved, the new one of a passage that came.

    In float32, from which all are stored again as they were (int8_vectors.py).
    """
    new_rows = torch.tensor(changes.new_rows(), dtype=torch.long)
    moved = torch.tensor(changes.kept_rows(), dtype=torch.long).view(-1, 2)
    for start in range(0, changes.count, BLOCK):
        end = min(start + BLOCK, changes.count)
        block = torch.empty(end - start, old.shape[1])
        kept = old[start : min(end, changes.before)].float()
        block[: len(kept)] = kept
        here = moved[(moved[:, 0] >= start) & (moved[:, 0] < end)]
        block[here[:, 0] - start] = old[here[:, 1]].float()
        first, last = torch.searchsorted(new_rows, torch.tensor([start, end])).tolist()
        if new is not None:
            block[new_rows[first:last] - start] = new[first:last].float()
        yield block
