"""How is a knowledge base too large for one machine kept? In shards, each a knowledge base of some of its passages.

Paper     none: the paper's index of 21 million passages is one machine's
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cluster/test_shards.py

    shards.json     which folders, in which order; a name is that of a folder beside it, or a whole path
    shard-000/ …    each a knowledge base of its own, with its own graph: whole, verified and changed as any other

Rows are numbered through: those of the second shard go on behind the first's.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from minirag.retrieval.building import Progress, check_place
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.disk_faults import disk_faults_named
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from minirag.retrieval.sidecar import Sidecar, read_sidecar, write_sidecar
from minirag.retrieval.whole_folder import whole_folder

SHARDS = "shards.json"
FORMAT = "minirag shards"


def is_sharded(folder: Path) -> bool:
    return (folder / SHARDS).is_file()


def split(folder: Path, out: Path, count: int, progress: Progress | None = None, overwrite: bool = False) -> None:
    """Cut a knowledge base into `count` shards of as many passages, or one more; `out` appears whole or not at all.

    Vectors are copied, graphs built anew. Ids of merged duplicates are not kept. ValueError: fewer passages than shards.
    """
    base = KnowledgeBase.open(folder)
    if not 1 <= count <= len(base):
        raise ValueError(f"{folder}: {len(base):,} passages cannot be cut into {count:,} shards")
    cuts = [len(base) * n // count for n in range(count + 1)]
    with disk_faults_named(out):
        check_free(out, overwrite)
        with whole_folder(out) as unfinished:
            names = [f"shard-{n:03}" for n in range(count)]
            for name, first, last in zip(names, cuts, cuts[1:], strict=False):
                write_shard(base, unfinished / name, first, last, progress)
            write_list(unfinished, names)


def join(folders: Sequence[Path], out: Path, overwrite: bool = False) -> None:
    """A folder that lists knowledge bases which are there already, built by as many machines, as shards."""
    with disk_faults_named(out):
        check_free(out, overwrite)
        agreed(folders, [read_sidecar(folder) for folder in folders])
        with whole_folder(out) as unfinished:
            write_list(unfinished, [str(folder.resolve()) for folder in folders])


def check_free(out: Path, overwrite: bool) -> None:
    """ValueError: shards that are there, without `overwrite`; any other folder that is not empty, with it or without."""
    if not is_sharded(out):
        return check_place(out, overwrite=False)
    own = {SHARDS, *(place.name for place in read_shards(out)[0] if place.parent == out)}
    if others := sorted(path.name for path in out.iterdir() if path.name not in own):
        raise ValueError(f"{out}: is not replaced, because it holds other files ({others[0]!r})")
    if not overwrite:
        raise ValueError(f"{out}: holds shards already; they are replaced only when overwriting is asked for")


def write_shard(base: KnowledgeBase, folder: Path, first: int, last: int, progress: Progress | None) -> None:
    def stored(passages: Sequence[Passage]) -> Float[Tensor, "n D"]:
        return base.vectors[base.store.rows_of([passage.id for passage in passages])].float()

    about, passages = base.sidecar, islice(base.store.from_row(first), last - first)
    told = None if progress is None else (lambda done, total: progress(first + done, len(base)))
    build_knowledge_base(folder, passages, stored, about.fingerprint, about.dtype, about.index["kind"], progress=told)
    write_sidecar(folder, replace(read_sidecar(folder), stored_recall_at_5=about.stored_recall_at_5))


def write_list(folder: Path, names: Sequence[str]) -> None:
    contents = {"format": FORMAT, "shards": list(names)}
    (folder / SHARDS).write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")


def read_shards(folder: Path) -> tuple[list[Path], list[Sidecar]]:
    """The shards' folders in their order, and what they say of themselves. ValueError: the file at fault, or one that is not
    like the others.
    """
    path = folder / SHARDS
    try:
        contents: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: cannot be read ({error})") from None
    names = contents.get("shards") if isinstance(contents, dict) and contents.get("format") == FORMAT else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path}: is not a list of shards")
    folders = [folder / name for name in names]
    sidecars = [read_sidecar(shard) for shard in folders]
    agreed(folders, sidecars)
    return folders, sidecars


def agreed(folders: Sequence[Path], sidecars: Sequence[Sidecar]) -> None:
    """ValueError: a shard twice, or one whose vectors another encoder made, or that is of another dimension."""
    seen: set[Path] = set()
    for folder, sidecar in zip(folders, sidecars, strict=True):
        if folder.resolve() in seen:
            raise ValueError(f"{folder}: is a shard twice")
        seen.add(folder.resolve())
        if (sidecar.fingerprint, sidecar.dimension) != (sidecars[0].fingerprint, sidecars[0].dimension):
            raise ValueError(f"{folder}: its vectors were made by another encoder than those of {folders[0]}")
