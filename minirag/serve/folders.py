"""Which models and knowledge bases can be chosen on the page? Those that the command line names, and no others.

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/serve/test_folders.py

The browser sends a label; a path never comes from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from minirag.cli.opening import demo_folder
from minirag.retrieval.retriever import KNOWLEDGE_BASE_FOLDER

DEMO, OWN = "the demo", "the model's own"


@dataclass(frozen=True)
class Folders:
    """Label → folder, the first one chosen at the start. None as a knowledge base: the one in the model's folder."""

    models: dict[str, Path]
    knowledge_bases: dict[str, Path | None]


def folders(models: Sequence[Path], knowledge_bases: Sequence[Path]) -> Folders:
    """Without models the demo. "The model's own" can be chosen where every model has one, and nothing else is there."""
    named = {str(folder): folder for folder in models} or {DEMO: demo_folder()}
    bases: dict[str, Path | None] = {str(folder): folder for folder in knowledge_bases}
    if not bases or all((folder / KNOWLEDGE_BASE_FOLDER).is_dir() for folder in named.values()):
        bases[OWN] = None
    return Folders(named, bases)
