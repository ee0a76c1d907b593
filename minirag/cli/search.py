"""Which passages does a question find? `minirag search`: retrieval alone, by vectors, by words, or by both.

Paper     RAG §2.2, §4.5
Tutorial  tutorials/08_passages_and_bm25.py
Tests     tests/cli/test_search.py, tests/cli/test_cold_start.py
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minirag.cli import options
from minirag.cli.console import harmless, progress_bar, stdout

if TYPE_CHECKING:
    from rich.console import Group

    from minirag.retrieval.filters import Only
    from minirag.retrieval.fusion import Ranked, Search
    from minirag.retrieval.passages import Passage

    Get = Callable[[Sequence[int]], list[Passage]]  # passages by their rows
    Opened = tuple[str, Get, Search]  # the kind of search, the passages, what finds them

AT_ONCE = 64  # questions searched at once
ID_WIDTH = 20  # characters


def search(
    questions: Annotated[list[str] | None, typer.Argument(help="Each in quotes.", show_default=False)] = None,
    file: Annotated[
        Path | None, typer.Option("--questions", metavar="FILE", help="Ask those of a file: jsonl, DPR, SQuAD, ….")
    ] = None,
    k: Annotated[int, typer.Option("-k", "--k", metavar="K", min=1, help="Passages for each question.")] = 10,
    index: Annotated[
        Literal["exact", "hnsw", "bm25", "hybrid"] | None,
        typer.Option(help="How to search (default: by the knowledge base's own index, as ask does)."),
    ] = None,
    fusion: options.Fusion = "sum",
    bm25_share: options.Bm25Share = 0.5,
    title: Annotated[
        str | None, typer.Option(metavar="TITLE", help="Only passages of this title; * ? [abc] as in file names.")
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="FILE", help="Only passages of this file; the same.")] = None,
    model: options.EncoderFolder = None,
    kb: options.KnowledgeBaseFolder = None,
    as_json: options.Json = False,
    device: options.Device = "auto",
) -> None:
    """Find passages, without answering. BM25 needs no model, and opens none."""
    from minirag.retrieval.filters import Only

    asked, place, only = all_questions(questions or [], file), kb or own_knowledge_base(model), Only(title, source)
    with progress_bar("opening"):
        if index == "bm25":
            kind, get, searched = search_by_words(place, only)
        else:
            kind, get, searched = search_by_vectors(place, model, device, index, only, fusion, bm25_share)
    found = in_batches(searched, asked, k)
    for question, ranked in zip(asked, found, strict=True):
        answer = as_object(question, kind, get, ranked)
        if as_json:
            print(json.dumps(answer))  # ASCII, so that no terminal and no pipe can spoil it
        else:
            stdout().print(passage_table(answer, with_question=len(asked) > 1))


def all_questions(given: list[str], file: Path | None) -> list[str]:
    if file is not None:
        from minirag.questions.reading import open_questions

        given = given + [question.question for question in open_questions(file)]
    if not given:
        raise ValueError("give a question, or a file of them with --questions")
    for number, question in enumerate(given, start=1):
        if not question.strip():
            raise ValueError(f"question {number} is empty")
    return given


def own_knowledge_base(model: Path | None) -> Path:
    from minirag.cli.demo import demo_folder
    from minirag.retrieval.sidecar import KNOWLEDGE_BASE_FOLDER

    place = model or demo_folder()
    if not (place / KNOWLEDGE_BASE_FOLDER).is_dir():
        raise ValueError(f"{place}: has no {KNOWLEDGE_BASE_FOLDER}/; give one with --kb")
    return place / KNOWLEDGE_BASE_FOLDER


def search_by_words(place: Path, only: "Only") -> "Opened":
    """Without torch: this answers at once."""
    from minirag.retrieval.bm25 import bm25_search
    from minirag.retrieval.checked_passages import open_passages

    if (place / "shards.json").is_file():
        raise ValueError(f"{place}: index 'bm25' is not for shards (each counts its own words); search by vectors")
    store = open_passages(place)
    return "bm25", store.get, bm25_search(store, only)


def search_by_vectors(
    place: Path, model: Path | None, device: str, index: str | None, only: "Only", fusion: str, bm25_share: float
) -> "Opened":
    from minirag.cli.opening import open_question_encoder, opened
    from minirag.cluster.sharded_knowledge_base import ShardedKnowledgeBase, sharded_search
    from minirag.retrieval.searching import Fusion, open_search

    encode, fingerprint = open_question_encoder(model, device)
    base = opened(place, fingerprint)
    if isinstance(base, ShardedKnowledgeBase):
        return index or "shards", base.get, sharded_search(base, index, encode, only)
    kind = index or base.sidecar.index["kind"]
    return kind, base.store.get, open_search(base, kind, encode, only, Fusion(fusion, bm25_share))


def in_batches(searched: "Search", questions: list[str], k: int) -> "list[Ranked]":
    found: list[Ranked] = []
    with progress_bar("questions") as report:
        for start in range(0, len(questions), AT_ONCE):
            found += searched(questions[start : start + AT_ONCE], k)
            report(len(found), len(questions))
    return found


def as_object(question: str, kind: str, get: "Get", ranked: "Ranked") -> dict[str, Any]:
    """What `--json` prints."""
    passages = [
        {"rank": rank, "score": score, "id": passage.id, "title": passage.title, "text": passage.text}
        for rank, ((_, score), passage) in enumerate(zip(ranked, get([row for row, _ in ranked]), strict=True), start=1)
    ]
    return {"question": question, "index": kind, "passages": passages}


def passage_table(answer: dict[str, Any], with_question: bool) -> "Group":
    """A row for each passage, and above them the question where there are several."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from minirag.cli.answer_table import excerpt

    heading = [Text(harmless(answer["question"]), style="bold green")] if with_question else []
    if not answer["passages"]:
        return Group(*heading, Text("nothing found"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("rank", "score"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("passage", overflow="fold")
    table.add_column("id", overflow="fold", max_width=ID_WIDTH)
    for found in answer["passages"]:
        text = Text(harmless(found["title"]), style="bold") + Text("\n") + excerpt(found["text"], "")
        table.add_row(str(found["rank"]), f"{found['score']:.4g}", text, harmless(found["id"]))
    return Group(*heading, table)
