"""How does a published checkpoint open here? `minirag convert` writes it as a folder that opens as it is.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/cli/test_convert.py
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from minirag.cli import options
from minirag.cli.console import harmless, progress_bar, stdout


def convert(
    source: Annotated[
        str, typer.Argument(help="A model folder, a .safetensors, .bin, .cp or .pt file, or a name on the hub.")
    ],
    destination: Annotated[Path, typer.Argument(help="Folder to write.", show_default=False)],
    as_encoder: Annotated[
        Literal["question-encoder", "context-encoder"] | None,
        typer.Option("--as", help="What a plain BERT is to become."),
    ] = None,
    dtype: Annotated[
        Literal["float32", "float16", "bfloat16"] | None, typer.Option(help="Of the numbers (default: as they are).")
    ] = None,
    variant: options.Variant = None,
) -> None:
    """Turn a published checkpoint of any layout into a folder that opens, and tell every tensor's fate."""
    from minirag.cli.fate_table import fate_table, summary
    from minirag.conversion.convert import convert as write
    from minirag.conversion.hub import local_folder

    with progress_bar("converting"):
        written = write(local_folder(source), destination, as_encoder, dtype, variant)
    console = stdout(width=1000)  # no name is ever cut: it is there to be searched for
    for part in written:
        console.print(fate_table(part))
        print(*part.notes, summary(part, harmless(str(destination / part.folder))), sep="\n")
