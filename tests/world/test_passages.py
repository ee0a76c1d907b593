from collections import Counter
from random import Random

import pytest
from hypothesis import given

from minirag.world.facts import Fact, read_facts
from minirag.world.passages import ask, fill_template, questions_for, write_passages
from minirag.world.relations import RELATION_BY_NAME, RELATIONS
from tests.world.worlds import DEMO_FACTS, SEEDS, worlds


def is_written_as(text, facts):
    """Can the text be read as one statement for each fact, in order, and nothing else?"""
    if not facts:
        return text == ""
    fact, *others = facts
    sentences = [fill_template(statement, fact) for statement in RELATION_BY_NAME[fact.relation].statements]
    rests = [text.removeprefix(sentence) for sentence in sentences if text.startswith(sentence)]
    return any(is_written_as(rest[1:], others) for rest in rests if rest[:1] in ("", " "))


@given(facts=worlds(), seed=SEEDS)
def test_every_fact_is_in_exactly_one_passage(facts, seed):
    written = write_passages(facts, seed)
    assert sorted(fact for _, chosen in written for fact in chosen) == sorted(facts)
    assert len({passage.id for passage, _ in written}) == len(written)


@given(facts=worlds(), seed=SEEDS)
def test_a_passage_states_two_to_five_facts_of_the_entity_in_its_title_and_nothing_else(facts, seed):
    for passage, chosen in write_passages(facts, seed):
        assert 2 <= len(chosen) <= 5
        assert {fact.entity for fact in chosen} == {passage.title}
        assert is_written_as(passage.text, chosen)


@given(facts=worlds(), seed=SEEDS)
def test_the_first_sentence_names_the_entity(facts, seed):
    for passage, chosen in write_passages(facts, seed):
        named = RELATION_BY_NAME[chosen[0].relation].named_statements
        assert any(passage.text.startswith(fill_template(statement, chosen[0])) for statement in named)


@given(facts=worlds(), seed=SEEDS)
def test_the_same_seed_writes_the_same_world(facts, seed):
    written = write_passages(facts, seed)
    assert written == write_passages(facts, seed)
    assert questions_for(written, seed) == questions_for(written, seed)


@given(facts=worlds(), seed=SEEDS)
def test_every_fact_is_asked_for_once_with_its_value_and_passage(facts, seed):
    written = write_passages(facts, seed)
    rows = questions_for(written, seed)
    asked = [(passage.id, fact) for passage, chosen in written for fact in chosen]
    assert len(rows) == len(asked)
    for row, (passage_id, fact) in zip(rows, asked, strict=True):
        assert row["answers"] == [fact.value]
        assert row["gold"] == [passage_id]
        assert row["relation"] == fact.relation
        assert fact.entity[1:] in row["question"]


def test_elements_are_written_small_except_where_a_sentence_starts():
    iron = Fact("Iron", "element", "symbol", "Fe")
    assert fill_template("The symbol of {entity} is {value}.", iron) == "The symbol of iron is Fe."
    assert fill_template("{entity} has the symbol {value}.", iron) == "Iron has the symbol Fe."


def test_countries_keep_their_capitals():
    peru = Fact("Peru", "country", "capital", "Lima")
    assert fill_template("The capital of {entity} is {value}.", peru) == "The capital of Peru is Lima."


def test_braces_in_a_name_or_value_are_text():
    odd = Fact("{value}", "country", "capital", "{entity}")
    assert fill_template("The capital of {entity} is {value}.", odd) == "The capital of {value} is {entity}."


def test_entities_whose_names_look_alike_in_an_id_do_not_share_one():
    facts = [
        Fact(entity, "country", relation, "x") for entity in ("São", "Sao", "東京") for relation in ("capital", "area")
    ]
    assert [passage.id for passage, _ in write_passages(facts, 0)] == ["sao-1", "sao-2", "entity-1"]


def test_an_entity_with_a_single_fact_is_refused_by_name():
    with pytest.raises(ValueError, match="'Peru' has a single fact"):
        write_passages([Fact("Peru", "country", "capital", "Lima")], 0)


def test_every_template_is_used_sooner_or_later():
    asked = {
        ask(Fact("E", relation.kind, relation.name, "v"), Random(seed)) for relation in RELATIONS for seed in range(99)
    }
    assert len(asked) == sum(len(relation.questions) for relation in RELATIONS)


def test_the_demo_world_fills_a_thousand_passages():
    facts = read_facts(DEMO_FACTS)
    written = write_passages(facts, 0)
    assert len(written) >= 1_000
    assert Counter(fact for _, chosen in written for fact in chosen) == Counter(facts)
    assert {len(chosen) for _, chosen in written} == {2, 3, 4, 5}
    assert all(fact.value in passage.text for passage, chosen in written for fact in chosen)
    assert max(len(passage.text.split()) for passage, _ in written) <= 100
