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
from minirag.cli.console import Report, harmless, progress_bar

if TYPE_CHECKING:
    from minirag.retrieval.passages import Passage


def index(
    files: Annotated[list[Path], typer.Argument(help="Documents: jsonl, tsv, csv, txt or md.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="KB", help="Folder to write.", show_default=False)],
    model: options.EncoderFolder = None,
    kind: Annotated[
        Literal["auto", "exact", "hnsw"], typer.Option("--index", help="auto: exact up to 50,000 passages, then hnsw.")
    ] = "auto",
    whole: Annotated[
        bool, typer.Option("--whole", help="Leave long texts whole: a passage for each document.")
    ] = False,
    dtype: Annotated[Literal["float16", "float32"], typer.Option(help="How vectors are stored.")] = "float16",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the knowledge base at --out.")] = False,
    device: options.Device = "auto",
) -> None:
    """Make a knowledge base of documents, with the model's context encoder."""
    from minirag.cli.opening import choose_device, is_encoder, open_context_encoder
    from minirag.retrieval.documents import read_documents
    from minirag.retrieval.knowledge_base import build_knowledge_base
    from minirag.retrieval.split import WORDS_PER_PASSAGE
    from minirag.training.dpr.towers import is_pair

    encode, fingerprint = open_context_encoder(model, device)
    batch_size = 8 if choose_device(device).type == "cpu" else 64  # what fits a processor's cache is encoded fastest
    with progress_bar("passages") as report:  # counts them while they are read, then while they are encoded
        passages = counted(read_documents(files, None if whole else WORDS_PER_PASSAGE), report)
        knowledge_base = build_knowledge_base(
            out, passages, encode, fingerprint, dtype, kind, batch_size, progress=report, overwrite=overwrite
        )
    print(f"{harmless(str(out))}: {len(knowledge_base):,} passages, {knowledge_base.sidecar.index['kind']} index")
    if model is not None and (is_pair(model) or is_encoder(model)):
        return  # encoders alone answer nothing
    with_model = "" if model is None else f" --model {harmless(shlex.quote(str(model)))}"
    print(f'ask it: minirag ask "…" --kb {harmless(shlex.quote(str(out)))}{with_model}')


def counted(passages: "Iterable[Passage]", report: Report) -> "Iterator[Passage]":
    """The same passages; `report` is told how many so far."""
    for number, passage in enumerate(passages, start=1):
        report(number, None)
        yield passage
