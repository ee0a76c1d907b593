"""What do 10,000 damaged inputs do to the readers of documents, and to the opening of a knowledge base? `make fuzz`.

python -m tests.fuzz [INPUTS] prints a row for each: how many inputs, seconds, faults. Half of the inputs are documents, the
rest are knowledge bases, in four ways. A fault is an error of another kind than a ValueError of one line, an answer that is
wrong, more than ten seconds, or the end of the process. Each time other inputs are drawn; a fault is shown with the smallest
input that has it, and the exit status is 1.
"""

import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.documents.test_fuzz import FILES, check_file
from tests.retrieval.damaged_bases import check_damaged, check_edited, damages, edits, make_base

KINDS = ("exact", "hnsw")


def main(inputs: int) -> int:
    faults = 0
    print("| read or opened | inputs | seconds | faults |", "|---|---|---|---|", sep="\n")
    with tempfile.TemporaryDirectory() as name:
        for what, share, strategy, check in targets(Path(name)):
            several = inputs // share
            faults += row(what, several, lambda of=(strategy, check, several): run(*of))
        seed, several = random.randrange(10**6), inputs // 8
        faults += row(
            f"damaged graphs, signed (seed {seed})", several, lambda: run_graphs(Path(name) / "graphs", seed, several)
        )
    return min(faults, 1)


def targets(folder: Path) -> list[tuple[str, int, st.SearchStrategy, Callable[..., None]]]:
    bases = {kind: make_base(folder / kind, kind) for kind in KINDS}
    base, bit = st.sampled_from(KINDS).map(bases.get), st.booleans()
    damage = base.flatmap(lambda base: st.tuples(st.just(base), damages(base)))
    edit = base.flatmap(lambda base: st.tuples(st.just(base), edits(base)))
    return [
        ("documents of all kinds", 2, FILES, lambda file: check_file(folder, *file)),
        (
            "knowledge bases with a damaged file",
            8,
            st.tuples(damage, bit),
            lambda drawn: check_damaged(drawn[0][0], *drawn[0][1], signed=False, small=drawn[1]),
        ),
        (
            "the same, signed",
            8,
            damage.filter(lambda drawn: drawn[1][0] != "index.hnsw"),
            lambda drawn: check_damaged(drawn[0], *drawn[1], signed=True, small=True),
        ),
        ("edited sidecars, signed", 8, st.tuples(edit, bit), lambda drawn: check_edited(*drawn[0], small=drawn[1])),
    ]


def row(what: str, inputs: int, work: Callable[[], int]) -> int:
    start = time.monotonic()
    faults = work()
    print(f"| {what} | {inputs:,} | {time.monotonic() - start:.0f} | {faults} |", flush=True)
    return faults


def run(strategy: st.SearchStrategy, check: Callable[..., None], inputs: int) -> int:
    """1 where an input has a fault; hypothesis makes it small, and its traceback is shown."""
    chosen = settings(max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    try:
        chosen(given(strategy)(check))()
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def run_graphs(folder: Path, seed: int, inputs: int) -> int:
    folder.mkdir()
    command = [sys.executable, "-m", "tests.retrieval.damaged_graphs", str(folder), str(seed), str(inputs)]
    done = subprocess.run(command)
    if done.returncode:
        print(f"graph {(folder / 'done').read_text()} ended the process: {done.returncode}", file=sys.stderr)
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 10_000))
