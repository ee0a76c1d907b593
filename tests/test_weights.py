"""The committed demo: its files are those that weights/README.md lists, small enough, whole, and they answer."""

import hashlib
import re
from pathlib import Path

import pytest

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
LISTED = re.findall(r"^\| `([0-9a-f]{64})` \| `(\S+)` \|$", (WEIGHTS / "README.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("digest", "name"), LISTED, ids=[name for _, name in LISTED])
def test_a_file_is_the_one_that_the_provenance_speaks_of(digest, name):
    assert hashlib.sha256((WEIGHTS / "demo" / name).read_bytes()).hexdigest() == digest


def test_the_demo_is_under_40_megabytes():
    assert LISTED
    assert sum(path.stat().st_size for path in (WEIGHTS / "demo").rglob("*") if path.is_file()) < 40e6


def test_every_byte_of_the_knowledge_base_is_as_it_was_written():
    from minirag.retrieval.knowledge_base import KnowledgeBase

    base = KnowledgeBase.open(WEIGHTS / "demo" / "knowledge_base")
    assert base.verify() > 0 and len(base) >= 1000


@pytest.mark.parametrize("question", ["what is the capital of mongolia?", "WHAT IS THE CAPITAL OF MONGOLIA?"])
@pytest.mark.parametrize("variant", ["RagTokenForGeneration", "RagSequenceForGeneration"])
def test_both_models_know_the_capital_of_mongolia_from_its_passage(variant, question):
    import minirag

    answer = getattr(minirag, variant).from_pretrained(WEIGHTS / "demo").answer(question)
    assert answer.text == "Ulaanbaatar"
    assert answer.passages[0].title == "Mongolia" and answer.passages[0].posterior > 0.9
