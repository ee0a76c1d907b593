"""Can hnswlib walk this graph without stepping out of its memory? Every number of the file is looked at that it would follow.

Paper     Malkov & Yashunin 2016, §4 (links on level 0, fewer nodes on every level above)
Tutorial  tutorials/09_index.py
Tests     tests/retrieval/test_graph_file.py, tests/retrieval/test_fuzz.py

hnswlib believes what it reads: a link to a node that is not there reads somebody else's memory, or ends the process. A sha256
says that a file is what was written, not that whoever wrote it meant well, or had space left on the disk. The file is

    header      96 bytes (HEADER)
    level 0     for each node: number of links, 2M links; its vector, in float32; its label, 8 bytes
    above       for each node: bytes that follow, and for each of its levels: number of links, M links

in numbers of 4 bytes. Looking through it takes less time than its sha256.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Int32
from torch import Tensor

HEADER = struct.Struct("<6QiI3QdQ")
DELETED = 1 << 16  # in the number of links on level 0, which needs only the bits below
NODES = 16384  # looked at together


@dataclass(frozen=True)
class Header:
    """In the order of the file. `label` and `vector`: at which byte of a node they begin."""

    level0: int
    capacity: int
    count: int
    node_bytes: int
    label: int
    vector: int
    highest_level: int
    entry: int
    links: int
    links0: int
    M: int
    level_factor: float
    ef_construction: int


def check_graph(path: Path, dim: int, count: int, alive: int | None = None) -> None:
    """ValueError if it is not a whole graph of `count` vectors of `dim` numbers, labelled 0 to count − 1.

    alive: those behind the first so many are marked as deleted, and no others.
    """
    header = read_header(path, dim, count)
    words = words_of(path)
    behind = (HEADER.size + count * header.node_bytes) // 4
    if len(words) < behind:
        raise ValueError(f"{path}: is damaged (it ends within level 0)")
    nodes = words[HEADER.size // 4 : behind].view(count, -1)
    check_level_0(path, header, nodes, count if alive is None else alive)
    check_levels_above(path, header, words[behind:])


def read_header(path: Path, dim: int, count: int) -> Header:
    """The file does not tell its dimension, but it tells where in a node the vector and then the label begin."""
    try:
        with open(path, "rb") as file:
            raw = file.read(HEADER.size)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if len(raw) < HEADER.size:
        raise ValueError(f"{path}: is not an HNSW index (only {len(raw)} bytes)")
    header = Header(*HEADER.unpack(raw))
    if (header.label - header.vector) != 4 * dim:
        raise ValueError(f"{path}: holds vectors of dimension {(header.label - header.vector) // 4}, not {dim}")
    if header.count != count or header.capacity < count:
        raise ValueError(f"{path}: holds {header.count} vectors, not {count}")
    M = header.M
    layout = (0, 4 + 4 * 2 * M, header.label + 8, M, 2 * M)
    found = (header.level0, header.vector, header.node_bytes, header.links, header.links0)
    if not 2 <= M <= 10_000 or found != layout or header.entry >= count:
        raise ValueError(f"{path}: is damaged (its header makes no sense)")
    return header


def nodes_in(path: Path) -> int:
    """How many there are, of a graph whose dimension is not asked for."""
    with open(path, "rb") as file:
        return Header(*HEADER.unpack(file.read(HEADER.size))).count


def words_of(path: Path) -> Int32[Tensor, " W"]:
    """The file as numbers of 4 bytes, memory-mapped."""
    size = path.stat().st_size
    if size % 4:
        raise ValueError(f"{path}: is damaged (its length is no multiple of 4)")
    return torch.from_file(str(path), shared=False, size=size // 4, dtype=torch.int32)


def check_level_0(path: Path, header: Header, nodes: Int32[Tensor, "N W"], alive: int) -> None:
    """Links lead to nodes, and the labels are the rows, each once; those from `alive` on, and no others, are marked."""
    seen = torch.zeros(len(nodes), dtype=torch.bool)
    for block in nodes.split(NODES):
        lists = block[:, : 1 + header.links0].clone()
        marked = (lists[:, 0] & DELETED) != 0
        lists[:, 0] &= ~DELETED
        if not links_are_good(lists, len(nodes)).all():
            raise ValueError(f"{path}: is damaged (a link on level 0 leads to no vector)")
        labels, high = block[:, -2].long(), block[:, -1]
        if high.any() or not ((labels >= 0) & (labels < len(nodes))).all():
            raise ValueError(f"{path}: is damaged (a label is no row)")
        if not torch.equal(marked, labels >= alive):
            raise ValueError(f"{path}: is damaged (the wrong vectors are marked as deleted)")
        seen[labels] = True
    if not seen.all():
        raise ValueError(f"{path}: is damaged (no vector has the label {int((~seen).nonzero()[0])})")


def links_are_good(lists: Int32[Tensor, "n W"], count: int) -> Bool[Tensor, " n"]:
    """How many links there are, and room for as many: the number is possible, and each leads to one of `count` nodes."""
    number, links = lists[:, 0], lists[:, 1:]
    return (number >= 0) & (number <= links.shape[1]) & ((links >= 0) & (links < count)).all(dim=1)


def check_levels_above(path: Path, header: Header, words: Int32[Tensor, " W"]) -> None:
    """What a link on a level leads to is on that level, too; the entry is on the highest."""
    width = 1 + header.links
    levels, lists = lists_above(path, header, words, width)
    if levels[header.entry] != header.highest_level:
        raise ValueError(f"{path}: is damaged (its entry is not on the highest level)")
    for first in range(0, len(lists), NODES):
        starts, level = torch.tensor(lists[first : first + NODES]).unbind(dim=1)
        block = words[starts[:, None] + torch.arange(width)]  # (n, 1 + M)
        if not links_are_good(block, header.count).all():
            raise ValueError(f"{path}: is damaged (a link above level 0 leads to no vector)")
        used = torch.arange(width - 1) < block[:, :1]
        if (used & (levels[block[:, 1:].long()] < level[:, None])).any():
            raise ValueError(f"{path}: is damaged (a link leads to a vector that is not on its level)")


def lists_above(
    path: Path, header: Header, words: Int32[Tensor, " W"], width: int
) -> tuple[Int32[Tensor, " N"], list[tuple[int, int]]]:
    """The highest level of each node, and (where it begins, its level) of each list of links above level 0."""
    levels, lists = torch.zeros(header.count, dtype=torch.int32), []
    view, at = words.numpy().data, 0
    for node in range(header.count):
        size, at = view[at] if at < len(view) else -1, at + 1
        if size == 0:
            continue
        top = size // (4 * width)
        if size != 4 * width * top or not 1 <= top <= header.highest_level or at + width * top > len(view):
            raise ValueError(f"{path}: is damaged (it ends above level 0, or says too much of vector {node})")
        levels[node] = top
        lists += [(at + width * level, level + 1) for level in range(top)]
        at += width * top
    if at != len(view):
        raise ValueError(f"{path}: is damaged (something stands behind its end)")
    return levels, lists
