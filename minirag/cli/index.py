"""How do documents become a knowledge base? `minirag index`.

Paper     RAG §3 (100-word passages, encoded once)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cli/test_index.py
"""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from minirag.cli import options
from minirag.cli.console import Report, harmless, progress_bar, stderr

NAMED = 10  # so many files that were passed over are named

if TYPE_CHECKING:
    from minirag.retrieval.building import Encode
    from minirag.retrieval.changing import Changes
    from minirag.retrieval.estimate import Estimate
    from minirag.retrieval.knowledge_base import KnowledgeBase
    from minirag.retrieval.passages import Passage


def index(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Documents (txt, md, html, pdf, csv, tsv, jsonl, json, parquet), folders of them, datasets folders,"
            " quoted patterns.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="KB", help="Folder to write.", show_default=False)],
    model: options.EncoderFolder = None,
    kind: Annotated[
        Literal["auto", "exact", "hnsw"], typer.Option("--index", help="auto: exact up to 50,000 passages, then hnsw.")
    ] = "auto",
    whole: Annotated[
        bool, typer.Option("--whole", help="Leave long texts whole: a passage for each document.")
    ] = False,
    embeddings: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILES",
            help="DPR's vectors of these documents (a quoted pattern, or several times), taken instead of encoding.",
        ),
    ] = None,
    dtype: Annotated[
        Literal["float16", "float32", "int8"] | None,
        typer.Option(help="How vectors are stored: in 2, 4 or 1 bytes a number (default: float16)."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the knowledge base at --out.")] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that encode; on the cluster at RAY_ADDRESS where there is one.")
    ] = 1,
    device: options.Device = "auto",
) -> None:
    """Make a knowledge base of documents, or bring one up to date with them.

    Where there is one, documents that changed are exchanged, new ones come, those that are gone from the folders go.
    Stopped at any moment, the same command goes on.
    """
    from minirag.cli.opening import choose_device, is_encoder, open_context_encoder
    from minirag.documents.embeddings import embedding_files, with_embeddings
    from minirag.documents.meant import is_meant, state_of_files
    from minirag.documents.reading import read_documents
    from minirag.documents.split import WORDS_PER_PASSAGE
    from minirag.freed_memory import keep_freed_memory
    from minirag.retrieval.building import BATCH
    from minirag.retrieval.construction import build_knowledge_base, update_knowledge_base
    from minirag.retrieval.sidecar import is_knowledge_base, read_sidecar
    from minirag.training.dpr.towers import is_pair

    keep_freed_memory()
    encode, fingerprint = open_context_encoder(model, device)
    at_once = 1
    if workers > 1:
        encode, at_once = spread(model, device, workers, fingerprint)
    batch_size = BATCH["cpu" if choose_device(device).type == "cpu" else "cuda"]
    words = None if whole or embeddings else WORDS_PER_PASSAGE  # a vector is that of all of a text
    given = embedding_files(embeddings or [])
    documents = f"{words} words of {state_of_files([*paths, *given])}"
    is_there = is_knowledge_base(out) and not overwrite
    if is_there and dtype not in (None, (stored := read_sidecar(out).dtype)):
        raise ValueError(f"{out}: holds vectors as {stored}, not {dtype}; --overwrite makes it anew")
    with progress_bar("passages") as report:  # counts them while they are read, then while they are encoded
        read = Reading(report)
        passages = read.counted(with_embeddings(read_documents(paths, words, read.skip), given))
        if is_there:
            knowledge_base, changes = update_knowledge_base(
                out,
                is_meant(paths),
                passages,
                encode,
                fingerprint,
                kind,
                batch_size,
                report,
                documents,
                announce,
                at_once,
            )
        else:
            changes = None
            knowledge_base = build_knowledge_base(
                out,
                passages,
                encode,
                fingerprint,
                dtype or "float16",
                kind,
                batch_size,
                report,
                overwrite,
                merge_duplicates=True,
                resume_as=documents,
                announce=announce,
                at_once=at_once,
            )
    for line in read.remarks(None if is_there else len(knowledge_base)):
        print(line)
    print(summary(out, knowledge_base, changes))
    if not is_there and (found := knowledge_base.sidecar.stored_recall_at_5) is not None:
        stored = knowledge_base.sidecar.dtype
        print(f"vectors in {stored}: {100 * found:.1f} % of the five nearest are found that float32 finds")
    if model is not None and (is_pair(model) or is_encoder(model)):
        return  # encoders alone answer nothing
    with_model = "" if model is None else f" --model {harmless(shlex.quote(str(model)))}"
    print(f'ask it: minirag ask "…" --kb {harmless(shlex.quote(str(out)))}{with_model}')


def spread(model: Path | None, device: str, workers: int, fingerprint: str) -> "tuple[Encode, int]":
    """What encodes with several processes, and how many batches it should have at once."""
    from functools import partial

    from minirag.cli.opening import choose_device, open_context_encoder
    from minirag.cluster.encoding import SpreadEncoder

    place = None if model is None else model.resolve()
    gpus = 1 if choose_device(device).type == "cuda" else 0
    encode = SpreadEncoder(partial(open_context_encoder, place, device), workers, fingerprint, gpus)
    return encode, encode.at_once


def announce(needs: "Estimate") -> None:
    """Before the long work, if somebody watches (an error is one line, with nothing before it)."""
    begun = f", {needs.encoded:,} of them encoded by an earlier run" if needs.encoded else ""
    size, memory = (f"{bytes / 1e9:,.1f} GB" for bytes in (needs.disk, needs.memory))
    what = f"{needs.new:,} of {needs.count:,} passages to encode{begun}"
    console = stderr()
    if console.is_terminal:
        console.print(f"{what}; the knowledge base will take {size}, memory {memory} beyond the encoder")


def summary(out: Path, base: "KnowledgeBase", changes: "Changes | None") -> str:
    """`kb: 12 passages, exact index`, and what is different now."""
    told = f"{harmless(str(out))}: {len(base):,} passages, {base.sidecar.index['kind']} index"
    if changes is None:
        return told
    return f"{told} ({len(changes.new_rows()):,} new, {changes.removed:,} removed, the others as they were)"


class Reading:
    """What is to be told of it afterwards: how many passages were read, with how many vectors, what was passed over."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.passages, self.vectors, self.skipped = 0, 0, 0
        self.first_skipped: list[str] = []

    def counted(self, passages: "Iterable[Passage]") -> "Iterator[Passage]":
        for passage in passages:
            self.passages += 1
            self.vectors += passage.vector is not None
            self.report(self.passages, None)
            yield passage

    def skip(self, path: Path, reason: str) -> None:
        self.skipped += 1
        if self.skipped <= NAMED:
            self.first_skipped.append(f"skipped {harmless(str(path))}: {harmless(reason)}")

    def remarks(self, kept: int | None) -> list[str]:
        """kept: how many passages there are now, if all of them were read just now."""
        lines = list(self.first_skipped)
        if self.skipped:
            more = self.skipped - NAMED
            lines.append(f"{self.skipped:,} skipped" + (f" ({more:,} of them not named here)" if more > 0 else ""))
        if kept is not None and self.passages > kept:
            lines.append(f"duplicates, kept once with all of their places: {self.passages - kept:,}")
        if self.vectors:
            lines.append(f"{self.vectors:,} vectors taken from the files; those that were tried are this encoder's")
        return lines
