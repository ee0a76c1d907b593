import re
from collections import Counter

import pytest
from hypothesis import given

from minirag.world.facts import Fact, read_facts, write_facts
from minirag.world.relations import RELATION_BY_NAME
from tests.world.worlds import DEMO_FACTS, worlds

GOOD = '{"entity": "Mongolia", "kind": "country", "relation": "capital", "value": "Ulaanbaatar"}\n'


@pytest.fixture(scope="module")
def demo():
    return read_facts(DEMO_FACTS)


def value_of(facts, entity, relation):
    return [fact.value for fact in facts if fact.entity == entity and fact.relation == relation]


@given(facts=worlds())
def test_facts_come_back_from_disk_sorted(tmp_path_factory, facts):
    path = tmp_path_factory.mktemp("facts") / "facts.jsonl"
    write_facts(path, facts)
    assert read_facts(path) == sorted(facts)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"no json\n", "not JSON"),
        (b"\xff\xfe\n", "not UTF-8"),
        (b"[1]\n", "a fact has the strings"),
        (b'{"entity": "Mongolia"}\n', "a fact has the strings"),
        (GOOD.replace('"Ulaanbaatar"', "1").encode(), "a fact has the strings"),
        (GOOD.replace("capital", "favourite colour").encode(), "unknown relation 'favourite colour'"),
        (GOOD.replace("country", "element").encode(), "'capital' is a relation of a country"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path, line, complaint):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(GOOD.encode() + b"\n" + line)
    with pytest.raises(ValueError, match=rf"facts\.jsonl:3: {re.escape(complaint)}"):
        read_facts(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"missing\.jsonl: cannot be read"):
        read_facts(tmp_path / "missing.jsonl")


def test_the_demo_knows_countries_and_elements_well(demo):
    assert len(demo) >= 3_500
    assert len({fact.relation for fact in demo}) >= 12
    assert len({fact.entity for fact in demo if fact.kind == "country"}) >= 200
    assert len({fact.entity for fact in demo if fact.kind == "element"}) == 118
    assert min(Counter(fact.relation for fact in demo).values()) >= 50
    assert min(Counter(fact.entity for fact in demo).values()) >= 2


def test_the_demo_file_is_sorted_and_says_nothing_twice(demo):
    assert demo == sorted(demo)
    assert max(Counter((fact.entity, fact.relation) for fact in demo).values()) == 1
    assert len({fact.entity for fact in demo}) == len({(fact.entity, fact.kind) for fact in demo})


def test_demo_values_are_short_and_clean(demo):
    for fact in demo:
        assert fact.value == fact.value.strip()
        assert len(fact.value) <= 40
        assert len(fact.value.split()) <= 6
        assert re.fullmatch(r"[\w .,:'°³/+-]+", fact.value), fact
        assert not re.search(r"\b(note|none|est|unknown)\b|  |%", fact.value), fact


def test_demo_names_have_no_article_and_no_parentheses(demo):
    for entity in {fact.entity for fact in demo}:
        assert re.fullmatch(r"[\w '-]+", entity)
        assert not re.match(r"(?i)the ", entity)


SHAPES = {
    "year": r"\d{4}",
    "number": r"\d+(\.\d+)?",
    "quantity": r"-?[\d,]+(\.\d+)?( (million|billion|sq km|km|°C|g/cm³))?",
    "code": r"\.[a-z]{2}|[A-Z][a-z]?|UTC[+-]\d+(:\d\d)?",
}


def test_demo_values_have_the_shape_of_their_kind(demo):
    for fact in demo:
        shape = SHAPES.get(RELATION_BY_NAME[fact.relation].value_kind, r"\D.*")
        assert re.fullmatch(shape, fact.value) or fact.value == "24-rayed star" or "16th-century" in fact.value, fact


@pytest.mark.parametrize(
    "fact",
    [
        Fact("Mongolia", "country", "capital", "Ulaanbaatar"),
        Fact("Falkland Islands", "country", "capital", "Stanley"),
        Fact("Japan", "country", "currency", "yen"),
        Fact("Nepal", "country", "highest_point", "Mount Everest"),
        Fact("Jordan", "country", "lowest_point", "Dead Sea"),
        Fact("Côte d'Ivoire", "country", "independence_year", "1960"),
        Fact("Brazil", "country", "official_language", "Portuguese"),
        Fact("Germany", "country", "internet_domain", ".de"),
        Fact("Iceland", "country", "region", "Europe"),
        Fact("India", "country", "time_zone", "UTC+5:30"),
        Fact("Gold", "element", "symbol", "Au"),
        Fact("Iron", "element", "melting_point", "1538 °C"),
        Fact("Mercury", "element", "melting_point", "-38.8 °C"),
        Fact("Uranium", "element", "atomic_number", "92"),
        Fact("Neon", "element", "family", "noble gases"),
        Fact("Radon", "element", "group", "18"),
        Fact("Copper", "element", "crystal_structure", "face-centered cubic"),
        Fact("Fluorine", "element", "electronegativity", "3.98"),
        Fact("Francium", "element", "discoverer", "Marguerite Perey"),
        Fact("Aluminum", "element", "density", "2.7 g/cm³"),
    ],
    ids=lambda fact: f"{fact.entity}, {fact.relation}",
)
def test_the_demo_knows_what_an_encyclopedia_says(demo, fact):
    assert value_of(demo, fact.entity, fact.relation) == [fact.value]
