"""Does the model answer from its passages? The same questions over a knowledge base in which every fact is another's.

Paper     RAG §4.5 (index hot-swapping: answers follow the index, without training)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/evaluation/test_hot_swap.py
"""

from collections.abc import Sequence

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage
from minirag.world.facts import Fact
from minirag.world.passages import questions_for, write_passages
from minirag.world.swap import swap_facts


def swapped_world(facts: Sequence[Fact], seed: int) -> tuple[list[Passage], list[Question]]:
    """Passages that state the swapped facts, and questions whose right answers are the swapped values.

    Only facts that did change are asked for: an answer counts only where it cannot have come from the true world.
    """
    passages, asked = two_worlds(facts, seed)
    return passages, [swapped for _, swapped in asked]


def two_worlds(facts: Sequence[Fact], seed: int) -> tuple[list[Passage], list[tuple[Question, Question]]]:
    """The swapped passages, and each question twice: right is what the true world says, or what the swapped one says."""
    written = write_passages(swap_facts(facts, seed), seed)
    stated = [fact for _, those in written for fact in those]
    values: dict[tuple[str, str], list[str]] = {}
    for fact in facts:
        values.setdefault((fact.entity, fact.relation), []).append(fact.value)
    unchanged = set(facts)
    asked = [
        (
            Question(row["question"], tuple(values[fact.entity, fact.relation])),
            Question(row["question"], tuple(row["answers"]), tuple(row["gold"])),
        )
        for row, fact in zip(questions_for(written, seed), stated, strict=True)
        if fact not in unchanged
    ]
    return [passage for passage, _ in written], asked
