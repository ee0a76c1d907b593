"""What does a knowledge base of a million passages take? Time by step, disk by file, memory, and what searching it costs.

    python -m benchmarks.million --passages 1000000 --out benchmarks/results/million.json

It is built as any other, with `build_knowledge_base`, but for the encoder: vectors and texts are made up (made_up.py).
Building, opening and each kind of search run in processes of their own, so that each has its own peak of memory. Before it is
opened the first time the system's cache of its files is given up: what is read then comes from the disk and is counted.
The truth is what exact search finds for 256 questions.
"""

import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from benchmarks import made_up
from benchmarks.memory import forget_the_past
from benchmarks.resident import resident
from benchmarks.table import circumstances
from minirag import KnowledgeBase, build_knowledge_base
from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.sidecar import SIDECAR
from minirag.training.peak_memory import peak_memory

HERE = torch.device("cpu")
IO = Path("/proc/self/io")  # Linux
BEST, BATCH, QUESTIONS = 5, 64, 256
FEW = 8  # questions that exact search is asked one at a time


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """In a process that has done nothing else."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


class Steps:
    """Seconds of each step. A step ends where the next begins."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.name, self.since = "", time.perf_counter()

    def begin(self, name: str) -> None:
        now = time.perf_counter()
        if name == self.name:
            return
        if self.name:
            self.seconds[self.name] = self.seconds.get(self.name, 0.0) + now - self.since
        self.name, self.since = name, now
        print(f"{time.strftime('%H:%M:%S')} {name}", file=sys.stderr, flush=True)


def build(folder: Path, count: int, index: str) -> dict[str, Any]:
    """Which step is under way is seen from outside: by what is asked for, and by what is reported."""
    steps = Steps()

    def passages() -> Any:
        yield from made_up.passages(count)
        steps.begin("index of words")

    def encode(batch: Any) -> torch.Tensor:
        steps.begin("vectors")
        return made_up.encode(batch)

    def progress(done: int, total: int | None) -> None:
        if done > count:
            steps.begin("graph")
            if done % (count // 50 + 1) < 1024:
                print(f"{time.strftime('%H:%M:%S')} graph {done - count:,} of {count:,}", file=sys.stderr, flush=True)
        if done == total:
            steps.begin("trials and checksums")

    steps.begin("passages")
    base = build_knowledge_base(
        folder,
        passages(),
        encode,
        "made up",
        index=index,
        batch_size=made_up.TOGETHER,
        progress=progress,
        overwrite=True,
    )
    steps.begin("")
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    about = {"index": base.sidecar.index, "stored_recall_at_5": base.sidecar.stored_recall_at_5}
    return {"seconds": steps.seconds, "bytes": files, "peak_memory": peak_memory(HERE), **about}


def forget(folder: Path) -> None:
    """The system's cache of these files is given up, as far as it lets us."""
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def opening(folder: Path) -> dict[str, Any]:
    """read: bytes that came from the disk, and bytes that were asked for by name (what is mapped is not among these)."""
    before, held, begun = io_counts(), resident(HERE), time.perf_counter()
    base = KnowledgeBase.open(folder)
    seconds, after, holds = time.perf_counter() - begun, io_counts(), resident(HERE) - held
    read = {name: after[name] - before[name] for name in ("read_bytes", "rchar")}
    return {"passages": len(base), "seconds": seconds, **read, "resident": holds}


def io_counts() -> dict[str, int]:
    lines = IO.read_text("utf-8").splitlines()
    return {name: int(value) for name, _, value in (line.partition(": ") for line in lines)}


def searched(folder: Path, kind: str, truth: list[list[int]] | None) -> dict[str, Any]:
    """Questions a second, one at a time and 64 together, and the share of `truth` that is found; exact search is the truth.

    first: seconds of the first question, for which the graph is read.
    """
    base = KnowledgeBase.open(folder)
    index = ExactIndex(base.vectors) if kind == "exact" else base.index
    asked = made_up.questions(QUESTIONS, len(base))
    forget_the_past(HERE)  # making them takes more memory than searching for them
    rates: dict[str, float] = {}
    begun = time.perf_counter()
    index.search(asked[:1], BEST)
    first = time.perf_counter() - begun
    for batch in (1, BATCH):
        parts = asked[: FEW if kind == "exact" and batch == 1 else QUESTIONS].split(batch)
        begun = time.perf_counter()
        rows = [index.search(part, BEST)[1] for part in parts]
        rates[str(batch)] = sum(map(len, parts)) / (time.perf_counter() - begun)
    found = torch.cat(rows)
    true = found if truth is None else torch.tensor(truth)
    recall = (found[:, :, None] == true[:, None, :]).any(dim=1).float().mean().item()
    told = {"first": first, "questions_per_second": rates, "recall_at_5": recall, "peak_memory": peak_memory(HERE)}
    return {**told, "rows": true.tolist()}


def measure(folder: Path, count: int, index: str) -> dict[str, Any]:
    around = circumstances("cpu")
    measured = {"passages": count, "dimension": made_up.WIDTH, "dtype": "float16"}
    measured |= {"building": alone(build, folder, count, index)}
    forget(folder)
    measured |= {"opening": {"first": alone(opening, folder), "again": alone(opening, folder)}}
    exact = alone(searched, folder, "exact", None)
    truth = exact.pop("rows")
    measured["search"] = {"exact": exact}
    if measured["building"]["index"]["kind"] == "hnsw":
        measured["search"]["hnsw"] = alone(searched, folder, "hnsw", truth)
        del measured["search"]["hnsw"]["rows"]
    return {"circumstances": around, **measured}


def markdown(measured: dict[str, Any]) -> str:
    """Two tables: what it takes to make and to open one, and what is found how fast."""
    building, opened = measured["building"], measured["opening"]["first"]
    minutes = [f"{name} {seconds / 60:.1f}" for name, seconds in building["seconds"].items()]
    sizes = [f"{name} {size / 1e9:.2f}" for name, size in building["bytes"].items() if name != SIDECAR]
    rows = [
        ("building, minutes", f"{sum(building['seconds'].values()) / 60:.0f}: {', '.join(minutes)}"),
        ("disk, GB", f"{sum(building['bytes'].values()) / 1e9:.2f}: {', '.join(sizes)}"),
        ("memory while building, GB", f"{building['peak_memory'] / 1e9:.1f}"),
        ("opening, seconds", f"{opened['seconds']:.2f}; {opened['read_bytes'] / 1e6:.0f} MB come from the disk"),
    ]
    lines = [f"| {measured['passages']:,} passages | |", "|---|---|", *(f"| {name} | {said} |" for name, said in rows)]
    lines += [
        "",
        "| search | recall@5 | first question, seconds | questions a second, one at a time | 64 together | memory, GB |",
        "|---|---|---|---|---|---|",
    ]
    for kind, found in measured["search"].items():
        one, many = (found["questions_per_second"][batch] for batch in ("1", str(BATCH)))
        share, memory = 100 * found["recall_at_5"], found["peak_memory"] / 1e9
        lines.append(f"| {kind} | {share:.1f} % | {found['first']:.2g} | {one:,.3g} | {many:,.3g} | {memory:.1f} |")
    return "\n".join(lines) + "\n"


def main(
    passages: Annotated[int, typer.Option(help="How many.")] = 1_000_000,
    index: Annotated[str, typer.Option(help="exact, hnsw.")] = "hnsw",
    folder: Annotated[Path | None, typer.Option(help="Keep the knowledge base there (default: it is deleted).")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the figures go, as JSON.")] = None,
) -> None:
    """A knowledge base of made-up passages: built, opened and searched."""
    place = folder or Path(tempfile.mkdtemp(prefix="minirag-million-")) / "kb"
    try:
        measured = measure(place, passages, index)
    finally:
        if folder is None:
            shutil.rmtree(place.parent)
    if out is not None:
        out.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    print(markdown(measured), end="")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
