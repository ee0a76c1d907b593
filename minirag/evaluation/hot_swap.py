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
    written = write_passages(swap_facts(facts, seed), seed)
    stated = [fact for _, those in written for fact in those]
    true = set(facts)
    asked = [
        Question(row["question"], tuple(row["answers"]), tuple(row["gold"]))
        for row, fact in zip(questions_for(written, seed), stated, strict=True)
        if fact not in true
    ]
    return [passage for passage, _ in written], asked
