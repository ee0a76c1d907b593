"""A process of its own that opens damaged graphs whose sums are right: hnswlib may end it, and nobody else is harmed.

python -m tests.retrieval.damaged_graphs FOLDER SEED COUNT prints how many of COUNT were refused; how far it came is in
FOLDER/done when it ends before.
"""

import random
import sys
from pathlib import Path

from tests.retrieval.damaged_bases import Base, check_damaged, make_base

GRAPH = "index.hnsw"


def damaged_graph(whole: bytes, chance: random.Random) -> bytes:
    """One to four numbers of 4 bytes are others: near to what they were, small, or anything."""
    graph = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = 4 * chance.randrange(len(graph) // 4)
        before = int.from_bytes(graph[at : at + 4], "little")
        after = chance.choice([before ^ 1 << chance.randrange(32), chance.randrange(64), chance.randrange(2**32)])
        graph[at : at + 4] = after.to_bytes(4, "little")
    return bytes(graph)


def main(folder: Path, seed: int, count: int) -> None:
    base: Base = make_base(folder, "hnsw")
    for number in range(count):
        (folder / "done").write_text(str(number))
        chance = random.Random(f"{seed} {number}")
        check_damaged(base, GRAPH, damaged_graph(base.files[GRAPH], chance), signed=True, small=True)
    (folder / "done").write_text(str(count))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
