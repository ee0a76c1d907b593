"""How do facts become passages and questions? A fact is a sentence from our templates, a passage two to five of them.

Paper     RAG §3 (short passages with titles), §4.5 (questions made from a template)
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_passages.py

The same functions write the real world and an invented one: they look at nothing but the facts and the relations.
"""

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from minirag.retrieval.passages import Passage
from minirag.world.facts import Fact
from minirag.world.relations import RELATION_BY_NAME

SHORTEST, LONGEST = 2, 5  # facts in a passage


class QuestionRow(TypedDict):
    """One question: the answers that count as right, and the ids of the passages that hold them."""

    question: str
    answers: list[str]
    gold: list[str]
    relation: str


def write_passages(facts: Sequence[Fact], seed: int) -> list[tuple[Passage, list[Fact]]]:
    """Each entity's facts, shuffled and cut into passages of two to five: every fact is in exactly one passage."""
    rng = random.Random(seed)
    passages_so_far: Counter[str] = Counter()
    written = []
    for entity, known in _facts_by_entity(facts).items():
        name = _slug(entity)
        for chosen in _cut(rng.sample(known, len(known)), rng):
            passages_so_far[name] += 1
            written.append((write_passage(chosen, f"{name}-{passages_so_far[name]}", rng), chosen))
    return written


def write_passage(facts: Sequence[Fact], id: str, rng: random.Random) -> Passage:
    """The facts of one entity, a sentence each. The first sentence names the entity, the others may say "its"."""
    opening = rng.choice(RELATION_BY_NAME[facts[0].relation].named_statements)
    others = [rng.choice(RELATION_BY_NAME[fact.relation].statements) for fact in facts[1:]]
    sentences = [fill_template(template, fact) for template, fact in zip([opening, *others], facts, strict=True)]
    return Passage(id, facts[0].entity, " ".join(sentences))


def questions_for(written: Sequence[tuple[Passage, Sequence[Fact]]], seed: int) -> list[QuestionRow]:
    """One question for each fact of each passage, in order."""
    rng = random.Random(seed)
    return [
        QuestionRow(question=ask(fact, rng), answers=[fact.value], gold=[passage.id], relation=fact.relation)
        for passage, facts in written
        for fact in facts
    ]


def ask(fact: Fact, rng: random.Random) -> str:
    """A question whose answer is the fact's value."""
    return fill_template(rng.choice(RELATION_BY_NAME[fact.relation].questions), fact)


def fill_template(template: str, fact: Fact) -> str:
    """The sentence with its entity and value. Elements are common nouns: "iron", but "Iron" where a sentence starts."""
    entity = fact.entity
    if fact.kind == "element" and not template.startswith("{entity}"):
        entity = entity[:1].lower() + entity[1:]
    return template.format(entity=entity, value=fact.value)


def _facts_by_entity(facts: Sequence[Fact]) -> dict[str, list[Fact]]:
    by_entity: dict[str, list[Fact]] = {}
    for fact in facts:
        by_entity.setdefault(fact.entity, []).append(fact)
    for entity, known in by_entity.items():
        if len(known) < SHORTEST:
            raise ValueError(f"{entity!r} has a single fact, and a passage needs at least {SHORTEST}")
    return by_entity


def _cut(facts: list[Fact], rng: random.Random) -> list[list[Fact]]:
    """Pieces of SHORTEST to LONGEST facts; what remains is never too short for a piece of its own."""
    pieces = []
    while len(facts) > LONGEST:
        size = rng.randint(SHORTEST, min(LONGEST, len(facts) - SHORTEST))
        pieces.append(facts[:size])
        facts = facts[size:]
    return [*pieces, facts]


def _slug(entity: str) -> str:
    """ "São Tomé and Príncipe" → "sao-tome-and-principe"; a name without Latin letters or digits → "entity"."""
    plain = unicodedata.normalize("NFKD", entity).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "entity"
