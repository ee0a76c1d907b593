"""How is an answer looked at in a browser? `minirag serve`.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli/test_serve.py, tests/serve/test_page.py
"""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from minirag.cli import options


def serve(
    model: Annotated[
        list[Path] | None,
        typer.Option("--model", metavar="DIR", help="Model folder, may be repeated (default: the demo)."),
    ] = None,
    kb: Annotated[
        list[Path] | None,
        typer.Option("--kb", metavar="DIR", help="Knowledge base, may be repeated (default: the model's own)."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's own let others in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 7860,
    device: options.Device = "auto",
) -> None:
    """Open a page that answers questions, both models side by side."""
    check_extra()
    from minirag.serve.asking import asking
    from minirag.serve.folders import folders
    from minirag.serve.server import address, listen
    from minirag.serve.server import serve as serve_page

    with listen(host, port) as listening:
        chosen = folders(model or [], kb or [])
        ask = asking(chosen, device)
        print(f"{address(listening)}   (Ctrl-C ends it)", flush=True)
        serve_page(listening, chosen, ask)


def check_extra() -> None:
    """Said before anything is opened: what the page is made with."""
    try:
        import_module("nicegui")
        import_module("minirag.plots")
    except ImportError:
        raise ValueError("the page needs NiceGUI and matplotlib: install minirag with its extra 'serve'") from None
