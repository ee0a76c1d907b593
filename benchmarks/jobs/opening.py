"""Before the first answer: opening a knowledge base of N passages, and `minirag ask` from a cold start.

The second is compared with `python -c "import torch"`, which no answer can do without: a ratio of 0.75 says that three
quarters of the wait are the import of torch.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from benchmarks.job import OURS, Case, Disagreement, Job, Prepared
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage

TEXT = "A passage of a hundred words or so. " * 12
QUESTION, ANSWER = "what is the capital of mongolia?", "Ulaanbaatar"
ASK = "from minirag.cli import main; main()"


def knowledge_base(case: Case) -> Prepared:
    folder = Path(tempfile.gettempdir()) / "minirag-benchmarks" / f"knowledge-base-{case.rows}"
    if not folder.exists():
        passages = (Passage(str(row), f"Title {row}", TEXT) for row in range(case.rows))
        build_knowledge_base(folder, passages, lambda batch: torch.randn(len(batch), 768), "none", index="exact")
    return Prepared(lambda: len(KnowledgeBase.open(folder)))


def asked(case: Case) -> Prepared:
    return Prepared(lambda: printed("-c", ASK, "ask", QUESTION))


def torch_imported(case: Case) -> Prepared:
    return Prepared(lambda: printed("-c", "import torch"))


def printed(*arguments: str) -> str:
    """By a Python of its own."""
    place = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, *arguments], check=True, capture_output=True, encoding="utf-8", env=place
    ).stdout


def answered(ours: str, theirs: str) -> None:
    if ANSWER not in ours:
        raise Disagreement(f"minirag ask {QUESTION!r} did not answer {ANSWER}")


def any_passages(ours: int, theirs: int) -> None:
    """There is one side."""


OPENING = Job("opening a knowledge base", {OURS: knowledge_base}, any_passages,
              {"size": "vectors", "questions": 1, "rows": 10_000})  # fmt: skip
FIRST_ANSWER = Job("minirag ask, cold", {OURS: asked, "import torch": torch_imported}, answered,
                   {"size": "demo", "questions": 1})  # fmt: skip
