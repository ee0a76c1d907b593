"""What is a relation? One kind of fact, and the ways in which our own templates state it and ask for it.

Paper     RAG §3 (the passages of a knowledge base), §4.5 (questions whose answer changes with the index)
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/world/test_relations.py
"""

from dataclasses import dataclass

KINDS = ("country", "element")
VALUE_KINDS = ("name", "person", "year", "number", "quantity", "code", "phrase")


@dataclass(frozen=True)
class Relation:
    """One kind of fact about entities of one kind.

    A statement holds {value} once, and {entity} at most once: those without it say "its" and need the name before them.
    A question holds {entity} once. A value that may start with a small letter never opens a sentence.
    """

    name: str
    kind: str
    value_kind: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]

    @property
    def named_statements(self) -> tuple[str, ...]:
        """The statements that name the entity: a passage opens with one of these."""
        return tuple(statement for statement in self.statements if "{entity}" in statement)


def relation(name: str, kind: str, value_kind: str, statements: str, questions: str) -> Relation:
    """A relation from two blocks of text, one template a line."""
    return Relation(name, kind, value_kind, _lines(statements), _lines(questions))


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.strip().splitlines())
