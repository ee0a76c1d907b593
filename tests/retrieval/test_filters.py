"""A filter gives the best k of the passages that pass, by every kind of search."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.filters import Only, passing_rows
from minirag.retrieval.passages import Passage, PassageStore

TITLES = ["Tin", "Tin (mine)", "Titanium", "tin", "Is it? [sic]", "Zürich"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    passages = [Passage(str(row), title, "metal " * (row % 4 + 1)) for row, title in enumerate(TITLES * 3)]
    return PassageStore.create(tmp_path_factory.mktemp("filters") / "passages.sqlite", passages)


@pytest.mark.parametrize(
    ("title", "passing"),
    [
        (None, TITLES),
        ("Tin", ["Tin"]),
        ("Tin*", ["Tin", "Tin (mine)"]),
        ("[Tt]in", ["Tin", "tin"]),
        ("T?tan*", ["Titanium"]),
        ("Is it? [sic]", ["Is it? [sic]"]),  # as a pattern it would not match itself
        ("Z?rich", ["Zürich"]),
        ("*", TITLES),
        ("", []),
        ("%' OR 1 --", []),
    ],
)
def test_a_title_passes_when_it_is_the_string_or_matches_the_pattern(store, title, passing):
    assert passing_rows(store, Only(title)) == [row for row in range(len(store)) if TITLES[row % 6] in passing]


@given(title=st.sampled_from([*TITLES, "T*", "*", "nothing"]), k=st.integers(1, 20))
def test_words_find_the_best_k_of_those_that_pass(store, title, k):
    passing = set(passing_rows(store, Only(title)))
    every = search_bm25(store, "metal sic", len(store))
    assert search_bm25(store, "metal sic", k, Only(title)) == [found for found in every if found[0] in passing][:k]


def test_a_store_from_before_there_were_places_has_no_file_to_ask_for(store, tmp_path):
    (tmp_path / "passages.sqlite").write_bytes(store.path.read_bytes())
    with sqlite3.connect(tmp_path / "passages.sqlite") as connection:
        connection.execute("DROP TABLE places")
    connection.close()
    old = PassageStore.open(tmp_path / "passages.sqlite")
    for ask in (lambda only: passing_rows(old, only), lambda only: search_bm25(old, "metal", 3, only)):
        with pytest.raises(ValueError, match=r"passages\.sqlite: does not say which files its passages came from"):
            ask(Only(source="a.txt"))


def test_title_and_source_are_both_asked_for_and_one_of_several_sources_is_enough(store, tmp_path):
    (tmp_path / "with.sqlite").write_bytes(store.path.read_bytes())
    with sqlite3.connect(tmp_path / "with.sqlite") as connection:
        connection.execute("INSERT INTO sources VALUES (1, 'docs/a.txt'), (2, 'docs/b.txt')")
        connection.execute("INSERT INTO places SELECT row, iif(row < 9, 1, 2), 0, 0, 0, 1 FROM passages")
        connection.execute("INSERT INTO places VALUES (0, 2, 0, 0, 0, 0)")
    connection.close()
    other = PassageStore.open(tmp_path / "with.sqlite")
    assert passing_rows(other, Only(source="docs/a.txt")) == list(range(9))
    assert passing_rows(other, Only("Tin", "docs/*")) == [0, 6, 12]
    assert passing_rows(other, Only("Tin", "*b.txt")) == [0, 12]
    assert [row for row, _ in search_bm25(other, "metal", 9, Only("Tin", "*b.txt"))] == [0, 12]


@pytest.mark.parametrize("title", ["\ud800", "*" * 100_000], ids=["lone surrogate", "too long"])
def test_a_pattern_that_cannot_be_asked_for_is_an_error_of_one_line(store, title):
    for ask in (lambda: passing_rows(store, Only(title)), lambda: search_bm25(store, "metal", 3, Only(title))):
        with pytest.raises(ValueError) as caught:
            ask()
        assert "\n" not in str(caught.value) and "passages.sqlite: " in str(caught.value)
