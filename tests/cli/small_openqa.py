"""A knowledge base of a few towns and questions about them, for the tests of the commands that train and mine."""

import json
from pathlib import Path

from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.passages import Passage
from tests.retrieval.small_bases import FINGERPRINT, encode

TOWNS = [("Bern", "Switzerland"), ("Oslo", "Norway"), ("Rome", "Italy"), ("Cairo", "Egypt"), ("Lima", "Peru")]
PASSAGES = [Passage(town.lower(), town, f"{town} is the capital of {land}.") for town, land in TOWNS]
PASSAGES += [Passage(land.lower(), land, f"{land} has a capital and a coast.") for _, land in TOWNS]


def small_openqa(folder: Path) -> Path:
    """kb/, passages.jsonl and questions.jsonl in `folder`."""
    build_knowledge_base(folder / "kb", PASSAGES, encode, FINGERPRINT)
    rows = [{"id": p.id, "title": p.title, "text": p.text} for p in PASSAGES]
    asked = [
        {"question": f"What is the capital of {land}?", "answers": [town], "gold": [town.lower()]}
        for town, land in TOWNS
    ]
    for name, lines in (("passages", rows), ("questions", asked)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder
