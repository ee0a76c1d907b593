"""How does a knowledge base forget documents? `minirag remove`.

Paper     RAG §4.5 (what the model knows changes with its index)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cli/test_remove.py
"""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minirag.cli.console import harmless, progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

    from minirag.retrieval.passages import Passage, PassageStore


def remove(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Files, as they were called when they were indexed; or quoted patterns.", show_default=False
        ),
    ],
    kb: Annotated[Path, typer.Option(metavar="KB", help="Folder of a knowledge base.", show_default=False)],
) -> None:
    """Take documents out of a knowledge base. What another document says too stays."""
    from minirag.cli.index import summary
    from minirag.retrieval.checked_passages import open_passages
    from minirag.retrieval.construction import update_knowledge_base
    from minirag.retrieval.sidecar import read_sidecar

    check_sources(open_passages(kb), sources)

    def gone(source: str) -> bool:
        return any(matches(source, pattern) for pattern in sources)

    with progress_bar("passages") as report:
        base, changes = update_knowledge_base(kb, gone, [], nothing_new, read_sidecar(kb).fingerprint, progress=report)
    print(summary(kb, base, changes))


def matches(source: str, pattern: str) -> bool:
    return source == pattern or fnmatchcase(source, pattern)


def check_sources(store: "PassageStore", patterns: "Sequence[str]") -> None:
    """ValueError: one that no document has."""
    known = store.sources()
    for pattern in patterns:
        if not any(matches(source, pattern) for source in known):
            raise ValueError(f"{harmless(pattern)}: no document of this knowledge base is called so")


def nothing_new(passages: "Sequence[Passage]") -> "Float[Tensor, 'n D']":
    raise AssertionError("what only loses passages needs no encoder")
