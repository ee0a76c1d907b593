"""How do passages come by vectors that lie in files of their own? Both are read side by side, and their ids must agree.

Paper     DPR §4.1: psgs_w100.tsv, and beside it wikipedia_passages_0.pkl to wikipedia_passages_49.pkl
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_embeddings.py

DPR encodes in shards of equal size, so that the last few passages are in none: those behind the last vector are left without,
and are encoded when the knowledge base is built. That none is left out in between, the ids show.
"""

import glob
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from minirag.documents.document import name_of
from minirag.documents.pickled_vectors import read_pickled_vectors
from minirag.retrieval.passage import Passage


def embedding_files(paths: Iterable[str | Path]) -> list[Path]:
    """Those that are named, and what a pattern matches: …_2.pkl before …_10.pkl. ValueError: one that is not there."""
    found: list[Path] = []
    for path in map(Path, paths):
        matched = [path] if path.is_file() else [Path(name) for name in glob.glob(str(path)) if Path(name).is_file()]
        if not matched:
            raise ValueError(f"{path}: is no file, and matches none")
        found += sorted(matched, key=by_number)
    return found


def by_number(path: Path) -> list[tuple[int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def with_embeddings(passages: Iterable[Passage], files: Iterable[Path]) -> Iterator[Passage]:
    """Each passage with its vector. ValueError: a vector that is another passage's, or of none."""
    vectors = vectors_of_files(files)
    for passage in passages:
        found = next(vectors, None)
        if found is None:
            yield passage
            continue
        path, number, name, vector = found
        if not is_same(name, passage.id):
            raise ValueError(
                f"{path}: its vector number {number:,} is that of {name!r:.80}, but the passage there is {passage.id!r:.80}"
            )
        yield replace(passage, vector=vector, vector_source=name_of(path))
    if (left := next(vectors, None)) is not None:
        raise ValueError(f"{left[0]}: has a vector for {left[2]!r:.80}, behind the last passage")


def vectors_of_files(files: Iterable[Path]) -> Iterator[tuple[Path, int, str, Float[Tensor, " D"]]]:
    for path in files:
        for number, (name, vector) in enumerate(read_pickled_vectors(path), start=1):
            yield path, number, name, vector


def is_same(name: str, passage: str) -> bool:
    """DPR calls passage 7 of its Wikipedia file `7`, or `wiki:7`."""
    return name == passage or name.endswith(f":{passage}")
