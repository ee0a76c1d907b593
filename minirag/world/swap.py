"""Does the model answer from its passages or from memory? A world in which every entity has another's facts tells.

Paper     RAG §4.5 (index hot-swapping)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/world/test_swap.py
"""

import random
from collections import Counter
from collections.abc import Sequence

from minirag.world.facts import Fact


def swap_facts(facts: Sequence[Fact], seed: int) -> list[Fact]:
    """Within each relation the values are permuted among entities: the same entities, relations and values in all.

    Every fact gets another value, except where one value belongs to more than half of a relation's facts.
    """
    rng = random.Random(seed)
    values = [fact.value for fact in facts]
    for relation in dict.fromkeys(fact.relation for fact in facts):
        rows = [row for row, fact in enumerate(facts) if fact.relation == relation]
        for row, source in _give_to_another(rows, values, rng).items():
            values[row] = facts[source].value
    return [Fact(fact.entity, fact.kind, fact.relation, value) for fact, value in zip(facts, values, strict=True)]


def _give_to_another(rows: list[int], values: Sequence[str], rng: random.Random) -> dict[int, int]:
    """Put equal values side by side and move all by the longest run's length: each row lands outside its own run."""
    run_lengths = Counter(values[row] for row in rows)
    place = {value: rng.random() for value in run_lengths}
    shuffled = sorted(rng.sample(rows, len(rows)), key=lambda row: place[values[row]])
    shift = max(run_lengths.values())
    return {row: shuffled[(position + shift) % len(rows)] for position, row in enumerate(shuffled)}
