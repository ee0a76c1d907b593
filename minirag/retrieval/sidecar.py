"""What belongs to this knowledge base, and is it still what was written? The sidecar `knowledge_base.json`.

Paper     none: bookkeeping (an index that another encoder made gives wrong passages in silence)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_sidecar.py

What the other files do not tell about themselves stands here: the space, the encoder, how the index was built, size
and sha256 of each file. The sidecar carries a sha256 of its own contents too, so an edit of any field is noticed.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

KNOWLEDGE_BASE_FOLDER = "knowledge_base"  # in a model's folder
SIDECAR = "knowledge_base.json"
PARTIAL = f".{SIDECAR}.partial"
FORMAT = "minirag knowledge base"
FORMAT_VERSION = 1
PASSAGES, VECTORS, GRAPH, AXES = "passages.sqlite", "vectors.safetensors", "index.hnsw", "axes.safetensors"
FILES = {"exact": {PASSAGES, VECTORS}, "hnsw": {PASSAGES, VECTORS, GRAPH}}
OPTIONAL = {"generation": 0, "stored_recall_at_5": None}  # knowledge bases from before lack them: they say this
SMALL = 8 * 1024 * 1024  # files below this size are hashed whenever a knowledge base is opened
CHUNK = 1024 * 1024
MOST_BRACKETS = 100  # in a sidecar: one that is nested deeper than Python can write is not even read


@dataclass(frozen=True)
class Sidecar:
    """`index`: {"kind": "exact"} or {"kind": "hnsw", "M", "ef_construction", "ef", "seed", "recall_at_5"},
    and "held" where the graph still has nodes of passages that are gone, "axes" where it holds vectors of so many numbers.
    `files`: name → {"size", "sha256"}. `fingerprint`: of the context encoder that made the vectors.
    `generation`: how many times the knowledge base was changed; it is part of the names of the files on disk (path_of).
    `stored_recall_at_5`: how much of the true top 5 is found in float16 or int8 vectors (storage_trial.py); None: not known.
    """

    count: int
    dimension: int
    dtype: str
    fingerprint: str
    index: dict[str, Any]
    files: dict[str, dict[str, Any]]
    space: str = "ip"
    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    generation: int = 0
    stored_recall_at_5: float | None = None

    def path_of(self, folder: Path, name: str) -> Path:
        """Where the file lies: `passages.sqlite`, and after the third change `passages.3.sqlite`."""
        return folder / name_on_disk(name, self.generation)


def name_on_disk(name: str, generation: int) -> str:
    stem, ending = name.split(".")
    return f"{stem}.{generation}.{ending}" if generation else name


def is_ours(name: str) -> bool:
    """Is this a file of a knowledge base, of whatever generation?"""
    return name in (SIDECAR, PARTIAL) or re.sub(r"^(\w+)\.[1-9]\d*\.", r"\1.", name) in FILES["hnsw"] | {AXES}


def files_of(index: dict[str, Any]) -> set[str]:
    """Which files a knowledge base with this index has."""
    return FILES[index["kind"]] | ({AXES} if "axes" in index else set())


def is_knowledge_base(folder: Path) -> bool:
    """Or at least it says so; opening it tells whether it is whole."""
    return (folder / SIDECAR).is_file()


def write_sidecar(folder: Path, sidecar: Sidecar) -> None:
    """In the place of the one that may be there, whole or not at all."""
    every = asdict(sidecar)
    contents = {name: value for name, value in every.items() if name not in OPTIONAL or value != OPTIONAL[name]}
    text = json.dumps(contents | {"sha256": sha256_of_contents(contents)}, indent=2)
    partial = folder / PARTIAL
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, folder / SIDECAR)


def read_sidecar(folder: Path) -> Sidecar:
    """ValueError names the file and its fault: missing, damaged, of another format version, edited."""
    path = folder / SIDECAR
    contents = parsed(path)
    if contents.get("format") != FORMAT:
        raise ValueError(f"{path}: is not the sidecar of a knowledge base (format {contents.get('format')!r:.80})")
    if contents.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path}: format version {contents.get('format_version')!r:.80} is unknown (this code reads {FORMAT_VERSION})"
        )
    expected = contents.pop("sha256", None)
    if sha256_of_contents(contents) != expected:
        raise ValueError(f"{path}: was edited after it was written (its contents do not match its own sha256)")
    check_fields(path, contents)
    check_index(path, contents["index"], contents["files"])
    return Sidecar(**contents)


def parsed(path: Path) -> dict[str, Any]:
    if not path.is_file():
        what = f"it has no {path.name}" if path.parent.is_dir() else "no such folder"
        raise ValueError(f"{path.parent}: is not a knowledge base ({what})")
    try:
        text = path.read_text(encoding="utf-8")
        contents = {} if text.count("[") + text.count("{") > MOST_BRACKETS else json.loads(text)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is not whole JSON ({error})") from None
    if not isinstance(contents, dict):
        raise ValueError(f"{path}: is not a JSON object")
    return contents


def sha256_of_contents(contents: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()


def check_fields(path: Path, contents: dict[str, Any]) -> None:
    """A file with a right sha256 may still come from other code: nothing is used before it is known to make sense."""
    names = {field.name for field in fields(Sidecar)}
    odd = names ^ (set(OPTIONAL) | set(contents))
    if odd:
        raise ValueError(f"{path}: has wrong fields (missing or unknown: {repr(sorted(odd))[1:-1]:.200})")
    generation = contents.get("generation", 0)
    if type(generation) is not int or generation < 0:
        raise ValueError(f"{path}: generation={generation!r:.80} is not a whole number")
    for name in ("count", "dimension"):
        if type(contents[name]) is not int or contents[name] < 1:
            raise ValueError(f"{path}: {name}={contents[name]!r:.80} is not a whole number above 0")
    for name in ("dtype", "fingerprint"):
        if not isinstance(contents[name], str):
            raise ValueError(f"{path}: {name}={contents[name]!r:.80} is not text")
    recall = contents.get("stored_recall_at_5", 0.0)
    if type(recall) is not float or not 0.0 <= recall <= 1.0:
        raise ValueError(f"{path}: stored_recall_at_5={recall!r:.80} is not a share")
    if contents["space"] != "ip":
        raise ValueError(f"{path}: space={contents['space']!r:.80} is unknown (only 'ip', the inner product)")


def check_index(path: Path, index: Any, files: Any) -> None:
    kind = index.get("kind") if isinstance(index, dict) else None
    if not isinstance(kind, str) or kind not in FILES:
        raise ValueError(f"{path}: index kind {kind!r:.80} is unknown (one of {', '.join(FILES)})")
    if kind == "hnsw" and (type(index.get("ef")) is not int or not 1 <= index["ef"] < 2**31):
        raise ValueError(f"{path}: index ef={index.get('ef')!r:.80} is not a whole number above 0, or too large")
    for name in ("held", "axes"):
        if kind == "hnsw" and (type(index.get(name, 1)) is not int or index.get(name, 1) < 1):
            raise ValueError(f"{path}: index {name}={index[name]!r:.80} is not a whole number above 0")
    if not isinstance(files, dict) or set(files) != files_of(index):
        raise ValueError(f"{path}: does not list the files of a knowledge base with index {kind!r}")
    for name, facts in files.items():
        if not isinstance(facts, dict) or set(facts) != {"size", "sha256"}:
            raise ValueError(f"{path}: does not give size and sha256 of {name}")
        if type(facts["size"]) is not int or not isinstance(facts["sha256"], str):
            raise ValueError(f"{path}: the size of {name} is no whole number, or its sha256 no text")


def facts_of(path: Path, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Size in bytes and sha256 of one file; `progress` gets the number of bytes of each part read."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
            size += len(part)
            if progress is not None:
                progress(len(part))
    return {"size": size, "sha256": digest.hexdigest()}


def check_sizes(folder: Path, sidecar: Sidecar) -> None:
    """Every file is there and as long as it was; small ones are also checked byte for byte. A graph of any size is before it
    is read (knowledge_base.py): a damaged one can end the process.
    """
    for name, facts in sidecar.files.items():
        check_size(sidecar.path_of(folder, name), name, facts)


def check_size(path: Path, name: str, facts: dict[str, Any]) -> None:
    if not path.is_file():
        raise ValueError(f"{path}: is missing")
    size = path.stat().st_size
    if size != facts["size"]:
        raise ValueError(f"{path}: has {size} bytes, the sidecar says {facts['size']} (truncated or replaced)")
    if size < SMALL:
        check_bytes(path, facts)


def check_bytes(path: Path, facts: dict[str, Any], progress: Callable[[int], None] | None = None) -> None:
    try:
        found = facts_of(path, progress)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if found != facts:
        raise ValueError(f"{path}: was changed after it was written (its sha256 is not the one in {SIDECAR})")
