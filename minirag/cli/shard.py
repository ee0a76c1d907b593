"""How does a knowledge base come onto several machines? `minirag shard` cuts one, or lists several.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cluster/test_commands.py
"""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from minirag.cli.console import harmless, progress_bar


def shard(
    kbs: Annotated[
        list[Path],
        typer.Argument(metavar="KB...", help="One to cut, or several that are the shards.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.", show_default=False)],
    into: Annotated[int, typer.Option(min=2, help="How many shards one knowledge base is cut into.")] = 2,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the shards at --out.")] = False,
) -> None:
    """Make a knowledge base in shards, which several machines search together (`--kb DIR`; RAY_ADDRESS names them)."""
    from minirag.cluster.shards import join, read_shards, split

    if len(kbs) > 1:
        join(kbs, out, overwrite)
    else:
        with progress_bar("passages") as report:
            split(kbs[0], out, into, report, overwrite)
    _, sidecars = read_shards(out)
    count = sum(sidecar.count for sidecar in sidecars)
    print(f"{harmless(str(out))}: {count:,} passages in {len(sidecars)} shards")
    print(f'search it: minirag search "…" --kb {harmless(shlex.quote(str(out)))}')
