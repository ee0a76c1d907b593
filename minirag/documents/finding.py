"""Which files are meant? Those that are named, all that a folder holds, and what a pattern matches.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_finding.py

A folder is walked in the order of names; what is hidden is passed over, and a folder that links lead to twice is read once.
"""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from minirag.documents.columns import is_dataset

KNOWLEDGE_BASE, DATASETS = "knowledge_base.json", "dataset_dict.json"
Skip = Callable[[Path, str], None]  # is told of each file that is passed over, and why


def find_files(paths: Iterable[str | Path], skip: Skip) -> Iterator[tuple[Path, bool]]:
    """(file or `datasets` folder, was it named?), in order. ValueError: a pattern that matches nothing."""
    for path in map(Path, paths):
        if os.path.lexists(path) or not glob.has_magic(str(path)):
            yield from below(path, skip, set(), named=True)
            continue
        matched = sorted(glob.glob(str(path), recursive=True))
        if not matched:
            raise ValueError(f"{path}: matches no file")
        seen: set[tuple[int, int]] = set()
        for each in matched:
            yield from below(Path(each), skip, seen, named=False)


def below(path: Path, skip: Skip, seen: set[tuple[int, int]], named: bool) -> Iterator[tuple[Path, bool]]:
    """The file itself, or those of a folder. `seen`: the folders that were entered, so that a loop of links ends."""
    if not path.is_dir() or is_dataset(path):
        if named or is_read(path, skip):
            yield path, named
        return
    waiting = [path]
    while waiting:
        here = waiting.pop()
        if not here.is_dir() or is_dataset(here):
            if is_read(here, skip):
                yield here, False
        elif is_new(here, seen) and not is_knowledge_base(here, skip):
            waiting += sorted(children(here), reverse=True)


def children(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise ValueError(f"{folder}: cannot be read ({error.strerror})") from None


def is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    facts = folder.stat()
    key = facts.st_dev, facts.st_ino
    if key in seen:
        return False
    seen.add(key)
    return True


def is_read(path: Path, skip: Skip) -> bool:
    """A link that leads nowhere, or a thing that is no file (a socket, a device), is not even opened."""
    if path.is_file() or path.is_dir():
        return path.name != DATASETS  # says which folders beside it are datasets; they are found anyway
    skip(path, "is a link that leads nowhere" if path.is_symlink() else "is no file")
    return False


def is_knowledge_base(folder: Path, skip: Skip) -> bool:
    """One that was made here before would be read as documents: its sidecar is a .json."""
    if not os.path.isfile(folder / KNOWLEDGE_BASE):
        return False
    skip(folder, "is a knowledge base")
    return True
