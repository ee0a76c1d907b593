"""What would Wikipedia take? The paper's 21 million passages, on paper: what a million took here (million.py), 21 times.

    python -m benchmarks.on_paper

Bytes grow with the number of passages, and so do the seconds of reading, encoding and exact search. A graph's seconds grow a
little faster (a search for neighbours in it grows with the logarithm): N·log N is taken. Encoding with DPR-base is what
`make bench` measured (passages of 20 to 200 tokens). Machines are like the one that was measured, two cores each.
"""

import json
import math
from pathlib import Path
from statistics import median
from typing import Any

PASSAGES = 21_000_000  # RAG §3
RESULTS = Path(__file__).parent / "results"
HOUR, GB = 3600.0, 1e9


def main() -> None:
    print("\n".join(lines()))


def lines() -> list[str]:
    """A Markdown table."""
    million, encoding = result("million"), result("speed/dpr_encoding")
    taken, times = million["building"]["bytes"], PASSAGES / million["passages"]
    seconds, search = million["building"]["seconds"], million["search"]
    graph_hours = seconds["graph"] / HOUR * times * math.log(PASSAGES) / math.log(million["passages"])
    rows = [
        ("passages with their words, on disk", f"{times * taken['passages.sqlite'] / GB:,.0f} GB"),
        ("vectors on disk: float16, int8", f"{times * taken['vectors.safetensors'] / GB:,.0f} GB, half of it"),
        ("graph on disk", f"{times * taken['index.hnsw'] / GB:,.0f} GB"),
        ("encoding with DPR-base", f"{encoding_hours(encoding):,.0f} hours; {machines(encoding)} machines need a day"),
        ("reading, words, writing vectors", f"{times * sum(seconds[name] for name in READ) / HOUR:.1f} hours"),
        ("graph", f"{graph_hours:.0f} hours, and {times * taken['index.hnsw'] / GB + 2:,.0f} GB of memory"),
        ("exact search: memory", "any; all vectors are read for each batch of questions, fast only where they fit"),
        ("exact search: questions a second, 64 together", f"{search['exact']['questions_per_second']['64'] / times:.1f}"),
        ("searching the graph: memory", f"{times * taken['index.hnsw'] / GB:,.0f} GB; candidates' whole vectors are read"),
    ]  # fmt: skip
    return [
        f"| {PASSAGES:,} passages of 100 words, 768 numbers each | |",
        "|---|---|",
        *(f"| {a} | {b} |" for a, b in rows),
    ]


READ = ("passages", "index of words", "vectors")


def encoding_hours(encoding: dict[str, Any]) -> float:
    """Of one machine."""
    (base,) = [row for row in encoding["rows"] if row["case"]["size"] == "base" and row["case"]["device"] == "cpu"]
    return PASSAGES / base["case"]["rows"] * median(base["sides"][0]["seconds"]) / HOUR


def machines(encoding: dict[str, Any]) -> int:
    """That encode all passages in a day."""
    return math.ceil(encoding_hours(encoding) / 24)


def result(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


if __name__ == "__main__":
    main()
