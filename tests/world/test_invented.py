"""Invented worlds: reproducible, of every shape that real values have, and without any real fact."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.vocabulary import pieces_of
from minirag.world.invented import Inventor
from minirag.world.relations import RELATION_BY_NAME, VALUE_KINDS
from tests.small_tokenizers import byte_level

INVENTOR = Inventor(pieces_of(byte_level()))
seeds = st.integers(0, 100_000)


@given(seeds, st.sampled_from(VALUE_KINDS))
def test_a_value_is_one_line_of_text_without_blanks_at_its_ends(seed, kind):
    value = INVENTOR.value(kind, Random(seed))
    assert value and value == value.strip() and "\n" not in value
    assert value == INVENTOR.value(kind, Random(seed))


@given(seeds, st.sampled_from(["country", "element"]), st.integers(1, 14))
def test_an_entity_has_each_relation_once(seed, kind, how_many):
    rng = Random(seed)
    entity = INVENTOR.entity(rng)
    facts = INVENTOR.facts(entity, kind, how_many, rng)
    assert len({fact.relation for fact in facts}) == len(facts) == how_many
    assert all(fact.entity == entity and RELATION_BY_NAME[fact.relation].kind == kind for fact in facts)


@given(seeds)
def test_a_relative_has_another_name(seed):
    rng = Random(seed)
    entity = INVENTOR.entity(rng)
    assert INVENTOR.relative(entity, rng) != entity


@given(seeds)
def test_a_relative_may_begin_as_its_entity_does_and_end_otherwise(seed):
    entity = INVENTOR.entity(Random(seed))
    relative = INVENTOR.respelt(entity, Random(seed))
    assert relative != entity and relative[:2] == entity[:2]


def test_names_are_made_of_the_whole_vocabulary():
    letters = {piece.strip().lower() for piece in pieces_of(byte_level()) if piece.strip().isalpha()}
    names = " ".join(INVENTOR.name(Random(seed)) for seed in range(4000)).lower()
    assert sum(piece in names for piece in letters) > 0.95 * len(letters)


def test_a_vocabulary_without_letters_is_refused():
    with pytest.raises(ValueError, match="no piece made of letters"):
        Inventor(["1", " ", "?"])
