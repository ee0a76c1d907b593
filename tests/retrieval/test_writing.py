import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.passage import Passage, Place
from minirag.retrieval.passages import PassageStore


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("writing")


def merged(folder, passages):
    (folder / "p.sqlite").unlink(missing_ok=True)
    return PassageStore.create(folder / "p.sqlite", passages, merge_duplicates=True)


def at(name, title, text, *places):
    return Passage(name, title, text, tuple(places))


def test_places_come_back_in_the_order_in_which_files_were_read(folder):
    passages = [
        at("a", "t", "x", Place("b.txt"), Place("a.txt", 7)),
        at("b", "t", "y", Place("c.pdf", 0, page=3)),
        at("c", "t", "z", Place("d.csv", 4, line=12)),
        at("d", "t", "no place"),
    ]
    store = merged(folder, passages)
    assert list(store) == store.get([0, 1, 2, 3]) == passages


@given(st.lists(st.tuples(st.sampled_from(["", "1", "a"]), st.sampled_from(["", "1", "a", "1a"])), max_size=12))
def test_a_title_with_a_text_is_kept_once_with_all_places_and_ids(folder, columns):
    passages = [at(f"p{n}", *each, Place("f.csv", line=n + 1)) for n, each in enumerate(columns)]
    store = merged(folder, passages)
    first = list(dict.fromkeys(columns))
    assert [(p.title, p.text) for p in store] == first
    assert [p.id for p in store] == [f"p{columns.index(each)}" for each in first]
    assert [len(p.places) for p in store] == [columns.count(each) for each in first]
    assert store.rows_of([p.id for p in passages]) == [first.index(each) for each in columns]
    assert [store.held_as(p.id) for p in passages] == [f"p{columns.index(each)}" for each in columns]
    assert store.held_as("elsewhere") == "elsewhere"


def test_the_same_file_twice_changes_nothing(folder):
    passages = [at("a", "t", "x", Place("a.txt")), at("b", "t", "y", Place("a.txt", 9))]
    assert list(merged(folder, passages * 2)) == passages


def test_one_hundred_thousand_identical_passages_are_one(folder):
    store = merged(folder, (at(f"p{n}", "t", "x", Place("f.csv", line=n)) for n in range(1, 100_001)))
    assert len(store) == 1 and len(store.get([0])[0].places) == 100_000 and store.rows_of(["p77777"]) == [0]


@pytest.mark.parametrize(
    "passages",
    [
        [at("1", "t", "x", Place("a.csv", line=2)), at("1", "t", "y", Place("b.csv", line=5))],
        [
            at("0", "t", "x", Place("a.csv", line=1)),
            at("1", "t", "x", Place("a.csv", line=2)),
            at("1", "t", "y", Place("b.csv", line=5)),
        ],
        [
            at("0", "t", "x", Place("a.csv", line=1)),
            at("1", "t", "y", Place("a.csv", line=2)),
            at("1", "t", "x", Place("b.csv", line=5)),
        ],
    ],
    ids=["of two passages", "of a duplicate", "of a passage, for a duplicate"],
)
def test_an_id_of_two_texts_is_refused_with_both_places(folder, passages):
    with pytest.raises(
        ValueError, match=r"^b\.csv:5: the passage id '1' belongs to another text already \(in a\.csv:\d\)$"
    ):
        merged(folder, passages)
    assert not (folder / "p.sqlite").exists()


def test_a_store_from_before_there_were_places_opens(tmp_path):
    """Such are those of weights/."""
    connection = sqlite3.connect(tmp_path / "old.sqlite")
    connection.executescript(
        "CREATE TABLE passages(row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL);"
        "INSERT INTO passages VALUES (0, 'a', 't', 'x')"
    )
    connection.close()
    store = PassageStore.open(tmp_path / "old.sqlite")
    assert list(store) == [Passage("a", "t", "x")]
    with pytest.raises(ValueError, match="no passage with id 'b'"):
        store.row_of("b")
