"""Which options do several commands share? Each is described once.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

Model = Annotated[Path | None, typer.Option("--model", metavar="DIR", help="Model folder (default: the demo).")]
EncoderFolder = Annotated[
    Path | None, typer.Option("--model", metavar="DIR", help="Model folder, or an encoder's own (default: the demo).")
]
KnowledgeBaseFolder = Annotated[
    Path | None, typer.Option("--kb", metavar="DIR", help="Knowledge base (default: the model's own).")
]
Variant = Annotated[
    Literal["token", "sequence"] | None, typer.Option(help="RAG-Token or RAG-Sequence (default: the model's own).")
]
Documents = Annotated[
    int | None, typer.Option("--n-docs", metavar="K", help="Passages to read (default: the model's).")
]
Beams = Annotated[int, typer.Option("--num-beams", metavar="W", help="Width of the beam search.")]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="auto: cuda or mps where there is one.")]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw which passages it came from: png, svg or pdf (extra 'plots')."),
]
Fusion = Annotated[
    Literal["sum", "rrf"], typer.Option(help="hybrid: joined by scores, or by ranks (reciprocal rank fusion).")
]
Bm25Share = Annotated[
    float, typer.Option("--bm25-share", metavar="S", min=0, max=1, help="hybrid: how much BM25 counts, of 1.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
