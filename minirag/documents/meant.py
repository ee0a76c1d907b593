"""Which documents are meant by the paths that are given, now and the last time? What is read again, and what is gone since.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_meant.py
"""

import glob
import hashlib
import os
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from minirag.documents.columns import is_dataset
from minirag.documents.document import name_of
from minirag.documents.finding import find_files


def is_meant(paths: Iterable[str | Path]) -> Callable[[str], bool]:
    """Is a source, by the name that it had when it was read, one of these paths' documents?

    It is if it is one of the files; if it lies in one of the folders, still or no more; if it matches one of the patterns, and
    is there no more (a file that is there, and is not read by these paths, was somebody else's).
    """
    given = [Path(path) for path in paths]
    found = {name_of(path) for path, _ in find_files(given, lambda path, reason: None)}
    folders = [path for path in given if path.is_dir() and not is_dataset(path)]
    patterns = [str(path) for path in given if not os.path.lexists(path) and glob.has_magic(str(path))]

    def meant(source: str) -> bool:
        if source in found or any(lies_in(source, folder) for folder in folders):
            return True
        return any(fnmatchcase(source, pattern) for pattern in patterns) and not os.path.lexists(source)

    return meant


def lies_in(source: str, folder: Path) -> bool:
    """By their names alone: `.` holds what is not named from above it."""
    name = name_of(folder)
    return not source.startswith(("../", "/")) if name == "." else source.startswith(name.rstrip("/") + "/")


def state_of_files(paths: Iterable[str | Path]) -> str:
    """A sha256 of the names, sizes and times of all files that are meant: another one when any of them was changed."""
    digest = hashlib.sha256()
    for path, named in find_files(paths, lambda path, reason: None):
        for each in sorted(path.iterdir()) if path.is_dir() else [path]:
            facts = each.stat() if each.exists() else None
            size, time = (facts.st_size, facts.st_mtime_ns) if facts else (0, 0)
            digest.update(f"{name_of(each)}\n{named} {size} {time}\n".encode())
    return digest.hexdigest()
