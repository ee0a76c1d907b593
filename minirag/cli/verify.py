"""Is a knowledge base still what was written? `minirag verify` reads every byte.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/cli/test_index.py, tests/cli/test_bad_input.py, tests/cluster/test_commands.py
"""

from pathlib import Path
from typing import Annotated

import typer

from minirag.cli.console import harmless, progress_bar


def verify(
    kb: Annotated[Path, typer.Argument(metavar="KB", help="Folder of a knowledge base.", show_default=False)],
) -> None:
    """Check every byte of a knowledge base, or of all of its shards, against its sidecar."""
    from minirag.cluster.shards import is_sharded, read_shards
    from minirag.retrieval.knowledge_base import KnowledgeBase

    for folder in read_shards(kb)[0] if is_sharded(kb) else [kb]:
        knowledge_base = KnowledgeBase.open(folder)
        with progress_bar("reading") as report:
            size = knowledge_base.verify(report)
        print(f"{harmless(str(folder))}: {len(knowledge_base):,} passages, {size:,} bytes, all as they were written")
