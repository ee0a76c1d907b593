"""What does the demo know about the world? A list of facts: one entity, one relation, one short value each.

Paper     RAG §4.5 (facts that change while the model stays)
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_facts.py

On disk a world is one JSON object a line:
{"entity": "Mongolia", "kind": "country", "relation": "capital", "value": "Ulaanbaatar"}
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from minirag.world.relations import RELATION_BY_NAME


@dataclass(frozen=True, order=True)
class Fact:
    """One value of one relation. `entity` never has an article ("Bahamas") and is written as a title ("Iron")."""

    entity: str
    kind: str
    relation: str
    value: str


def read_facts(path: str | Path) -> list[Fact]:
    """The facts of a file made by `write_facts`, in its order. ValueError names the file and line at fault."""
    path = Path(path)
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    return [_parse_fact(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def write_facts(path: str | Path, facts: Iterable[Fact]) -> None:
    """One JSON object a line, sorted, so that a fact that changes is one line that changes."""
    lines = [json.dumps(asdict(fact), ensure_ascii=False) for fact in sorted(facts)]
    Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _parse_fact(line: bytes, place: str) -> Fact:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{place}: not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: not JSON: {error.msg}") from None
    names = [field.name for field in fields(Fact)]
    if not isinstance(row, dict) or sorted(row) != sorted(names) or not all(isinstance(row[name], str) for name in row):
        raise ValueError(f"{place}: a fact has the strings {', '.join(names)} and nothing else")
    relation = RELATION_BY_NAME.get(row["relation"])
    if relation is None:
        raise ValueError(f"{place}: unknown relation {row['relation']!r}")
    if row["kind"] != relation.kind:
        raise ValueError(f"{place}: {relation.name!r} is a relation of a {relation.kind}, not of a {row['kind']!r}")
    return Fact(**row)
