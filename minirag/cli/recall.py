"""Does the retriever find the passage that answers? `minirag recall`: every kind of search over the same questions.

Paper     DPR, table 2 (top-k retrieval accuracy)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/cli/test_recall.py
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minirag.cli import options
from minirag.cli.console import progress_bar, stdout

if TYPE_CHECKING:
    from rich.table import Table

    from minirag.evaluation.recall import RecallReport


def recall(
    kb: Annotated[Path, typer.Option(metavar="KB", help="Knowledge base.", show_default=False)],
    questions: Annotated[
        Path, typer.Option(metavar="FILE", help="jsonl with gold, or DPR's json.", show_default=False)
    ],
    model: options.EncoderFolder = None,
    index: Annotated[
        list[str] | None,
        typer.Option("--index", metavar="exact|hnsw|bm25|hybrid", help="May be repeated (default: exact and bm25)."),
    ] = None,
    fusion: options.Fusion = "sum",
    bm25_share: options.Bm25Share = 0.5,
    k: Annotated[
        list[int] | None, typer.Option("-k", metavar="K", help="May be repeated (default: 1, 5, 20, 100).")
    ] = None,
    batch_size: Annotated[int, typer.Option(metavar="B", help="Questions at once.")] = 64,
    as_json: options.Json = False,
    device: options.Device = "auto",
) -> None:
    """How often is a gold passage among the first k?"""
    from minirag.cli.opening import open_question_encoder
    from minirag.evaluation.recall import measure_recall
    from minirag.questions.reading import open_questions
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.retrieval.searching import Fusion

    wanted = index or ["exact", "bm25"]
    asked = open_questions(questions)
    encode, fingerprint = (None, None) if set(wanted) == {"bm25"} else open_question_encoder(model, device)
    base = KnowledgeBase.open(kb, fingerprint)
    reports = []
    for kind in wanted:
        with progress_bar(f"{kind} search") as report:
            ks, joined = k or (1, 5, 20, 100), Fusion(fusion, bm25_share)
            reports.append(measure_recall(base, asked, kind, encode, ks, batch_size, report, joined))
    if as_json:
        print(json.dumps([asdict(report) for report in reports]))
        return
    stdout().print(recall_table(reports))


def recall_table(reports: "list[RecallReport]") -> "Table":
    """One row per index, in percent."""
    from rich.table import Table

    n, passages = reports[0].n, reports[0].passages
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        caption=f"{n:,} questions over {passages:,} passages",
        caption_justify="left",
    )
    table.add_column("gold passage in the", no_wrap=True)
    for k in reports[0].top:
        table.add_column(f"top {k}", justify="right")
    for report in reports:
        table.add_row(report.index, *(f"{100 * share:.1f} %" for share in report.top.values()))
    return table
