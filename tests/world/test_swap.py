from collections import Counter, defaultdict

from hypothesis import given

from minirag.world.facts import read_facts
from minirag.world.swap import swap_facts
from tests.world.worlds import DEMO_FACTS, SEEDS, worlds


def values_by_relation(facts):
    values = defaultdict(Counter)
    for fact in facts:
        values[fact.relation][fact.value] += 1
    return values


@given(facts=worlds(), seed=SEEDS)
def test_a_swap_keeps_entities_and_relations_and_permutes_the_values_of_each_relation(facts, seed):
    swapped = swap_facts(facts, seed)
    assert [(fact.entity, fact.relation) for fact in swapped] == [(fact.entity, fact.relation) for fact in facts]
    assert values_by_relation(swapped) == values_by_relation(facts)
    assert swapped == swap_facts(facts, seed)


@given(facts=worlds(), seed=SEEDS)
def test_every_value_changes_unless_one_value_fills_more_than_half_of_its_relation(facts, seed):
    values = values_by_relation(facts)
    for fact, other in zip(facts, swap_facts(facts, seed), strict=True):
        of_relation = values[fact.relation]
        if 2 * max(of_relation.values()) <= of_relation.total():
            assert fact.value != other.value


def test_every_fact_of_the_demo_changes_and_two_seeds_change_it_differently():
    facts = read_facts(DEMO_FACTS)
    one, other = swap_facts(facts, 1), swap_facts(facts, 2)
    assert not any(fact == swapped for fact, swapped in zip(facts, one, strict=True))
    assert one != other
