"""Gold passages: by id, or written out where the knowledge base holds them under the same id."""

import pytest

from minirag.evaluation.gold import gold_titles, with_gold
from minirag.questions.question import Question
from minirag.retrieval.passages import Passage, PassageStore

HELD, OTHER = Passage("1", "Oslo", "a city"), Passage("9", "Bern", "a city")


@pytest.fixture
def store(tmp_path):
    return PassageStore.create(tmp_path / "p.sqlite", [HELD, Passage("2", "Oslo", "its coast")])


def test_passages_that_are_written_out_become_gold_where_they_are_held(store):
    assert with_gold(store, Question("q", ("a",), positives=(OTHER, HELD))).gold == ("1",)
    named = Question("q", ("a",), gold=("7",), positives=(HELD,))
    assert with_gold(store, named) is named


def test_titles_are_given_or_looked_up_and_unknown_where_one_is_missing(store):
    assert gold_titles(store, Question("q", ("a",), gold=("1", "2"))) == {"Oslo"}
    assert gold_titles(store, Question("q", ("a",), gold=("1", "7"))) == set()
    assert gold_titles(store, Question("q", ("a",), positives=(OTHER, HELD))) == {"Oslo", "Bern"}
    assert gold_titles(store, Question("q", ("a",))) == set()


def test_the_id_of_a_merged_duplicate_is_that_of_the_passage_it_became(tmp_path):
    twins = [Passage("1", "Bern", "its river"), Passage("2", "Bern", "its river")]
    store = PassageStore.create(tmp_path / "twins.sqlite", twins, merge_duplicates=True)
    assert with_gold(store, Question("where?", ("Bern",), gold=("2",))).gold == ("1",)
