"""Where is a knowledge base while it is made? In a hidden folder beside its place, which one process at a time may write.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_staging.py

`.kb.building` stands beside `kb`, with a lock that the system opens when its process ends, however it ends. Nothing in `kb` is
touched before all is written and on disk. Then a new knowledge base is renamed into its place; one that was there gets the new
files beside its own, under the names of the next generation, and its sidecar is exchanged: in one step either all of them are
the knowledge base or none. Who has the old one open keeps its files.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from minirag.retrieval.sidecar import SIDECAR, Sidecar, is_ours, name_on_disk, read_sidecar, write_sidecar
from minirag.retrieval.whole_folder import flush, flush_to_disk

LOCK, STATE, WHOLE = "lock", "state.json", "whole"


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A folder to write into, with what an earlier process left there. ValueError: another process is at it."""
    place = folder.parent / f".{folder.name}.building"
    folder.parent.mkdir(parents=True, exist_ok=True)
    place.mkdir(exist_ok=True)
    lock = FileLock(place / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"{folder}: another process is writing this knowledge base") from None
    try:
        if not (place / LOCK).exists():
            raise ValueError(f"{folder}: another process has just written this knowledge base; try again")
        yield place
    finally:
        if not (place / STATE).exists():
            shutil.rmtree(place, ignore_errors=True)
        lock.release()


def empty(place: Path) -> None:
    """All but the lock is deleted; first what says that there is something to go on with."""
    (place / STATE).unlink(missing_ok=True)
    for path in place.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def write_state(place: Path, state: dict[str, Any]) -> None:
    """From now on this much can be gone on with."""
    partial = place / f"{STATE}.partial"
    partial.write_text(json.dumps(state), "utf-8")
    os.replace(partial, place / STATE)


def read_state(place: Path) -> dict[str, Any] | None:
    """What an earlier process left; None if there is nothing, or nothing whole."""
    try:
        state = json.loads((place / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def put_in_place(whole: Path, folder: Path) -> None:
    """`whole` holds the files of one knowledge base and its sidecar: they are the knowledge base at `folder` from now on."""
    if folder.is_dir() and any(folder.iterdir()):
        next_generation(whole, folder)
        return
    flush_to_disk(whole)
    if folder.is_dir():
        folder.rmdir()
    whole.rename(folder)
    flush(folder.parent)


def next_generation(whole: Path, folder: Path) -> None:
    new, number = read_sidecar(whole), read_sidecar(folder).generation + 1
    for name in new.files:
        flush(whole / name)
        place_beside(whole / name, folder / name_on_disk(name, number))
    write_sidecar(folder, replace(new, generation=number))
    flush(folder)
    remove_others(folder, replace(new, generation=number))


def place_beside(path: Path, place: Path) -> None:
    """Under a second name, so that who is killed before the sidecar is exchanged can go on; a copy where links are unknown."""
    place.unlink(missing_ok=True)  # of one who was killed here; nobody's generation yet
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)
        flush(place)


def remove_others(folder: Path, sidecar: Sidecar) -> None:
    """Files of other generations: those from before, and those of a process that was killed while it put them in place."""
    own = {name_on_disk(name, sidecar.generation) for name in sidecar.files} | {SIDECAR}
    for path in folder.iterdir():
        if is_ours(path.name) and path.name not in own:
            with suppress(OSError):  # Windows keeps files that somebody has open; the next change removes them
                path.unlink()
