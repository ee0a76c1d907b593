"""How is a knowledge base made, and changed? Passages, then vectors, then the index, then all at once in its place.

Paper     RAG §2.4 (context encoder and index stay fixed: this is done once), §3 (one vector per 100-word passage)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_knowledge_base.py, tests/retrieval/test_resuming.py, tests/retrieval/test_updating.py

Each step leaves a file in the staging folder (staging.py). Who stops at any moment, or is killed, and comes again with the same
documents goes on with the step that was under way: reading begins anew, encoding goes on behind the last 1,024 passages, a
graph behind the last 100,000. What comes out is the same, byte for byte. A new knowledge base is one with no passages before.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from minirag.retrieval.building import Encode, Progress, check_place, choose_index
from minirag.retrieval.changing import Changes, change_passages
from minirag.retrieval.disk_faults import disk_faults_named
from minirag.retrieval.estimate import Estimate
from minirag.retrieval.given_vectors import GivenVectors
from minirag.retrieval.index_step import index_step
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage, PassageStore
from minirag.retrieval.recipe import Recipe
from minirag.retrieval.sidecar import PASSAGES, Sidecar, facts_of, files_of, write_sidecar
from minirag.retrieval.staging import STATE, WHOLE, empty, put_in_place, read_state, staging, write_state
from minirag.retrieval.vectors import check_dtype
from minirag.retrieval.vectors_step import GIVEN, stored_recall, vectors_step

Read = Callable[[Path, GivenVectors], Changes]  # passages into the folder; those that bring vectors, aside


def build_knowledge_base(
    folder: str | Path,
    passages: Iterable[Passage],
    encode: Encode,
    fingerprint: str,
    dtype: str = "float16",
    index: str = "auto",
    batch_size: int = 64,
    progress: Progress | None = None,
    overwrite: bool = False,
    merge_duplicates: bool = False,
    resume_as: str | None = None,
    announce: Callable[[Estimate], None] = lambda estimate: None,
    at_once: int = 1,
) -> KnowledgeBase:
    """Write passages, their vectors d(z) = encode(passages) and an index. `folder` appears whole or not at all.

    dtype: "float16", "float32" or "int8"; of all but float32 the sidecar says what is still found (storage_trial.py).
    index: "exact", "hnsw", or "auto" (exact up to 50,000 passages, and where too many have the very same vector: twins.py).
    `fingerprint` names the encoder behind `encode`.
    `progress(done, total)` counts passages encoded and, for hnsw, passages indexed. Only some of them are in memory at a time.
    A passage that brings its vector along is not encoded, unless to try whether `encode` agrees (given_vectors.py).
    merge_duplicates: passages with the same title and text become one, with the places and ids of all of them.
    An existing knowledge base is replaced only with `overwrite`; any other folder that is not empty never is.
    resume_as, announce, at_once: see Recipe. ValueError: what is at fault, or another process that is writing there.
    """
    folder = Path(folder)
    check_dtype(dtype)
    choose_index(index, 0)
    with disk_faults_named(folder):
        check_place(folder, overwrite)

    def read(whole: Path, given: GivenVectors) -> Changes:
        store = PassageStore.create(whole / PASSAGES, passages, merge_duplicates, given.keep)
        store.close()
        return Changes(0, len(store))

    recipe = Recipe(encode, fingerprint, dtype, index, batch_size, progress, resume_as, announce, at_once)
    made, _ = construct(folder, None, read, recipe)
    return made


def update_knowledge_base(
    folder: str | Path,
    stale: Callable[[str], bool],
    passages: Iterable[Passage],
    encode: Encode,
    fingerprint: str,
    index: str = "auto",
    batch_size: int = 64,
    progress: Progress | None = None,
    resume_as: str | None = None,
    announce: Callable[[Estimate], None] = lambda estimate: None,
    at_once: int = 1,
) -> tuple[KnowledgeBase, Changes]:
    """Exchange documents: passages of sources that are `stale` go, `passages` come. All else keeps its row and its vector.

    A text that is in both stays as it is. Passages that came from no file are never stale. Duplicates are merged.
    index: "auto" keeps a graph, and makes one when there are more than 50,000 passages; see build_knowledge_base for the rest.
    Whoever has the knowledge base open goes on with the old one. ValueError: no passage would be left; another encoder.
    """
    folder = Path(folder)
    choose_index(index, 0)
    old = KnowledgeBase.open(folder, fingerprint)
    kept = "hnsw" if index == "auto" and old.sidecar.index["kind"] == "hnsw" else index

    def read(whole: Path, given: GivenVectors) -> Changes:
        shutil.copyfile(old.store.path, whole / PASSAGES)
        return change_passages(whole / PASSAGES, stale, passages, given.keep)

    recipe = Recipe(encode, fingerprint, old.sidecar.dtype, kept, batch_size, progress, resume_as, announce, at_once)
    return construct(folder, old, read, recipe)


def construct(folder: Path, old: KnowledgeBase | None, read: Read, recipe: Recipe) -> tuple[KnowledgeBase, Changes]:
    with disk_faults_named(folder), staging(folder.resolve()) as place:
        try:
            changes = passages_step(folder, place, old, read, recipe)
            kind = choose_index(recipe.index, changes.count)
            new = len(changes.new_rows())
            report = counting(recipe.progress, new + (changes.count if kind == "hnsw" else 0))
            dimension = vectors_step(folder, place, old, changes, kind, recipe, report)
            or_exact = recipe.index == "auto"
            index = index_step(place, old, changes, kind, lambda done: report(new + done), or_exact)
            whole = place / WHOLE
            files = {name: facts_of(whole / name) for name in sorted(files_of(index))}
            about = Sidecar(changes.count, dimension, recipe.dtype, recipe.fingerprint, index, files)
            write_sidecar(whole, replace(about, stored_recall_at_5=stored_recall(place, old, recipe.dtype)))
            put_in_place(whole, folder.resolve())
        except ValueError:  # the documents, or what was made of them, will not do: there is nothing to go on with
            (place / STATE).unlink(missing_ok=True)
            raise
        (place / STATE).unlink(missing_ok=True)
    return KnowledgeBase.open(folder), changes


def counting(progress: Progress | None, total: int) -> Callable[[int], None]:
    return (lambda done: None) if progress is None else (lambda done: progress(done, total))


def passages_step(folder: Path, place: Path, old: KnowledgeBase | None, read: Read, recipe: Recipe) -> Changes:
    """What is in the staging folder already, if it is of the same documents and the same knowledge base; else all anew."""
    begun: dict[str, Any] = {"documents": recipe.resume_as, "before": None if old is None else asdict(old.sidecar)}
    begun |= {"fingerprint": recipe.fingerprint, "dtype": recipe.dtype, "index": recipe.index}
    state = read_state(place)
    is_same = state is not None and {name: state.get(name) for name in begun} == begun
    if state is not None and is_same and recipe.resume_as is not None and (place / WHOLE / PASSAGES).is_file():
        before, count, moved, removed = state["changes"]
        return Changes(before, count, tuple((row, was) for row, was in moved), removed)
    empty(place)
    (place / WHOLE).mkdir()
    given = GivenVectors(place / GIVEN)
    changes = read(place / WHOLE, given)
    given.close()
    if changes.count == 0:
        raise ValueError(f"{folder}: a knowledge base needs at least one passage")
    if recipe.resume_as is not None:
        numbers = [changes.before, changes.count, changes.moved, changes.removed]
        write_state(place, begun | {"changes": numbers})
    return changes
