import re
from collections import Counter

import pytest

from minirag.world.relations import (
    COUNTRY_RELATIONS,
    ELEMENT_RELATIONS,
    KINDS,
    RELATION_BY_NAME,
    RELATIONS,
    VALUE_KINDS,
)

SMALL_LETTERS = ("phrase", "quantity")
ALL = pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.name)


def test_there_are_twelve_relations_of_countries_and_eight_of_elements_at_least():
    assert len(COUNTRY_RELATIONS) >= 12
    assert len(ELEMENT_RELATIONS) >= 8
    assert len(RELATION_BY_NAME) == len(RELATIONS)


@ALL
def test_a_relation_has_six_statements_and_six_questions_at_least(relation):
    assert relation.kind in KINDS
    assert relation.value_kind in VALUE_KINDS
    assert len(set(relation.statements)) == len(relation.statements) >= 6
    assert len(set(relation.questions)) == len(relation.questions) >= 6


@ALL
def test_a_statement_holds_the_value_once_and_two_of_them_do_not_name_the_entity(relation):
    assert all(statement.count("{value}") == 1 for statement in relation.statements)
    assert all(statement.count("{entity}") <= 1 for statement in relation.statements)
    assert all(statement.endswith(".") for statement in relation.statements)
    assert len(relation.named_statements) >= 3
    assert len(relation.statements) - len(relation.named_statements) >= 2


@ALL
def test_a_question_names_the_entity_once_and_never_the_value(relation):
    assert all(question.count("{entity}") == 1 for question in relation.questions)
    assert not any("{value}" in question for question in relation.questions)


@ALL
def test_values_stand_at_different_places_of_the_statements(relation):
    comes_last = [statement.endswith("{value}.") for statement in relation.statements]
    assert sum(comes_last) >= 2
    assert sum(not last for last in comes_last) >= 1


@ALL
def test_a_value_with_a_small_first_letter_never_opens_a_sentence(relation):
    if relation.value_kind in SMALL_LETTERS:
        assert not any(statement.startswith("{value}") for statement in relation.statements)


def test_no_template_belongs_to_two_relations():
    templates = Counter(template for relation in RELATIONS for template in relation.statements + relation.questions)
    assert [template for template, times in templates.items() if times > 1] == []


@ALL
def test_sentences_are_written_in_plain_letters_with_single_spaces(relation):
    for template in relation.statements + relation.questions:
        assert re.fullmatch(r"[A-Za-z ,?.{}]+", template)
        assert "  " not in template
        assert template == template.strip()
