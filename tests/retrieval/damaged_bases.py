"""A knowledge base after an accident, or after somebody with a plan: what its opening may then do, and what not."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st

from minirag.retrieval import sidecar
from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.checked_passages import open_passages
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.sidecar import SIDECAR, facts_of, sha256_of_contents
from tests.damaged_bytes import damaged
from tests.retrieval.small_bases import small_base, unit_vectors

COUNT, DIMENSION = 12, 8
SECONDS = 10
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([2**31, 2**63, 10**30, "a\nb"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@dataclass(frozen=True)
class Base:
    """One in `folder`, which is damaged and mended again; what its files hold when it is whole, and what it answers."""

    folder: Path
    files: dict[str, bytes] = field(repr=False)
    others: dict[str, bytes] = field(repr=False)  # of another knowledge base
    answer: Any = field(repr=False)


def make_base(folder: Path, kind: str) -> Base:
    other = small_base(folder / "other", COUNT + 1, index=kind, dtype="float32").folder
    base = small_base(folder / kind, COUNT, index=kind).folder
    return Base(base, contents(base), contents(other), answer(base))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def answer(folder: Path) -> Any:
    """All that opening, searching and verifying reads."""
    by_words = search_bm25(open_passages(folder), "the text of passage number 3", 3)
    base = KnowledgeBase.open(folder)
    scores, rows = base.search(unit_vectors(2, DIMENSION), 3)
    passages = base.passages_of(rows)
    base.verify()
    "".join(f"{p.id}{p.title}{p.text}{p.places}" for several in passages for p in several).encode()
    return by_words, scores.tolist(), rows.tolist(), passages


def damages(base: Base) -> st.SearchStrategy[tuple[str, bytes]]:
    """(which file, what it holds now)."""
    return st.sampled_from(sorted(base.files)).flatmap(lambda name: st.tuples(st.just(name), damaged_file(base, name)))


def damaged_file(base: Base, name: str) -> st.SearchStrategy[bytes]:
    whole = base.files[name]
    flipped = st.tuples(st.integers(0, len(whole) - 1), st.integers(1, 255)).map(lambda flip: with_flip(whole, *flip))
    begun = st.integers(0, len(whole)).map(lambda end: whole[:end])
    exchanged = st.sampled_from([*base.files.values(), *base.others.values()])
    return st.one_of(flipped, flipped, begun, exchanged, damaged(whole), damaged(whole))


def with_flip(whole: bytes, at: int, bits: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :]


def edits(base: Base) -> st.SearchStrategy[dict[str, Any]]:
    """The sidecar with one value exchanged, somewhere in it, or one put in or left out."""
    whole = json.loads(base.files[SIDECAR])
    return st.builds(edited, st.just(whole), st.sampled_from(sorted(paths_in(whole))), VALUES, st.booleans())


def paths_in(value: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return []
    inner = [path for name, each in value.items() for path in paths_in(each, (*before, name))]
    return [(*before, name) for name in (*value, "another")] + inner


def edited(whole: dict[str, Any], path: tuple[str, ...], value: Any, left_out: bool) -> dict[str, Any]:
    copy = json.loads(json.dumps(whole))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    if left_out:
        del inner[path[-1]]
    return copy


def check_damaged(base: Base, name: str, now: bytes, signed: bool, small: bool) -> None:
    """signed: the sidecar's sums fit what the file holds now. small: files are hashed on opening."""
    mend(base)
    (base.folder / name).write_bytes(now)
    if signed:
        sign(base.folder, name)
    check(base, small, is_whole=not signed)


def check_edited(base: Base, edit: dict[str, Any], small: bool) -> None:
    """With a sha256 that fits."""
    mend(base)
    write_signed(base.folder, edit)
    check(base, small, is_whole=False)


def check(base: Base, small: bool, is_whole: bool) -> None:
    """One line that names the folder, or the row at fault; or an answer. is_whole: then it is the right one."""
    start = time.monotonic()
    with patch.object(sidecar, "SMALL", sidecar.SMALL if small else 0):
        try:
            found = answer(base.folder)
            assert not is_whole or found == base.answer
        except ValueError as error:
            assert type(error).__name__ not in ("UnicodeDecodeError", "UnicodeEncodeError", "JSONDecodeError")
            assert "\n" not in str(error) and len(str(error)) < 500
            assert str(base.folder) in str(error) or "the score of passage row" in str(error)
    assert time.monotonic() - start < SECONDS


def mend(base: Base) -> None:
    for name, whole in base.files.items():
        (base.folder / name).write_bytes(whole)


def sign(folder: Path, name: str) -> None:
    """As whoever changes a file on purpose would."""
    try:
        contents = json.loads((folder / SIDECAR).read_bytes())
        contents["files"][name] = facts_of(folder / name)
    except (ValueError, KeyError, TypeError, IndexError):  # it is the sidecar that was damaged
        return
    write_signed(folder, contents)


def write_signed(folder: Path, contents: dict[str, Any]) -> None:
    unsigned = {name: value for name, value in contents.items() if name != "sha256"}
    (folder / SIDECAR).write_text(json.dumps(unsigned | {"sha256": sha256_of_contents(unsigned)}))
