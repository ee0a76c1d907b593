"""How does a folder appear whole or not at all? It is written beside its place under another name, then renamed.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_whole_folder.py
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Hands out an empty folder to write into. When the block ends well it is on disk and takes the place of `folder`;
    when it ends with an error (or Ctrl-C), it is deleted and `folder` is as before.
    """
    folder = folder.resolve()  # a link to a folder stays a link
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.parent / f".{folder.name}.{uuid4().hex[:8]}.unfinished"
    unfinished.mkdir()
    try:
        yield unfinished
        flush_to_disk(unfinished)
        put_in_place(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def put_in_place(new: Path, folder: Path) -> None:
    """Two renames; between them the old folder stands whole beside its place. Who has it open keeps its files."""
    old = folder.parent / f".{folder.name}.{uuid4().hex[:8]}.old"
    replaces = folder.is_dir()
    if replaces:
        folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        if replaces:
            old.rename(folder)
        raise
    flush(folder.parent)
    if replaces:
        shutil.rmtree(old)


def flush_to_disk(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        flush(path)
    flush(folder)


def flush(path: Path) -> None:
    """fsync; Windows cannot do this to a folder, and needs a writable handle for a file."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
