"""After any change of any documents, the passages are those of the documents, and nothing that stayed has moved in vain."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.changing import change_passages
from minirag.retrieval.passage import Passage, Place
from minirag.retrieval.passages import PassageStore

WORDS = ["ant", "bee", "cat", "dog", "elk", "fox"]
FILES = ["a.txt", "b.txt", "c.txt"]
WORLDS = st.dictionaries(st.sampled_from(FILES), st.lists(st.sampled_from(WORDS), max_size=4), max_size=3)


def passages_of(world):
    """A passage for each line; a file's second line is called after it in another way than its first."""
    for name in sorted(world):
        for line, word in enumerate(world[name], start=1):
            yield Passage(f"{name}:{line}", "", word, (Place(name, line=line),))


def places_of(world):
    """text → all of its places"""
    found = {}
    for passage in passages_of(world):
        found.setdefault(passage.text, set()).update(passage.places)
    return found


def created(path, world):
    """With one passage that came from no file, so that it is never empty."""
    path.unlink(missing_ok=True)
    own = Passage("own", "", "gnu")
    return PassageStore.create(path, [own, *passages_of(world)], merge_duplicates=True)


@given(WORLDS, WORLDS, st.sets(st.sampled_from(FILES)))
def test_what_is_there_afterwards_is_what_the_documents_say(tmp_path_factory, before, now, gone):
    path = tmp_path_factory.mktemp("changing") / "p.sqlite"
    store = created(path, before)
    old = [passage.text for passage in store]
    store.close()
    after = {name: lines for name, lines in before.items() if name not in gone and name not in now} | now
    changes = change_passages(path, lambda name: name in gone or name in now, passages_of(now))
    store = PassageStore.open(path)
    texts = [passage.text for passage in store]
    assert (changes.before, changes.count) == (len(old), len(texts))
    assert sorted(texts) == sorted({"gnu", *places_of(after)})
    assert {p.text: set(p.places) for p in store if p.places} == places_of(after)
    assert [store.get([store.row_of(p.id)])[0].text for p in passages_of(after)] == [p.text for p in passages_of(after)]
    assert len({p.id for p in store}) == len(texts)
    check_rows(changes, old, texts)
    check_words(path, store, texts)


def check_rows(changes, old, texts):
    """Kept, moved, or new: each row is one of the three, and says where its text was."""
    new, moved = set(changes.new_rows()), dict(changes.kept_rows())
    for row, text in enumerate(texts):
        assert (text not in old) == (row in new)
        if row not in new:
            assert old[moved.get(row, row)] == text
    assert changes.removed == len(set(old) - set(texts))
    assert len(changes.moved) <= changes.removed


def check_words(path, store, texts):
    """The full-text index knows these texts and no others."""
    assert [search_bm25(store, text, 10) and search_bm25(store, text, 10)[0][0] for text in texts] == list(
        range(len(texts))
    )
    assert not any(search_bm25(store, word, 10) for word in set(WORDS) - set(texts))
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('integrity-check')")
    connection.close()


def test_a_text_that_another_file_also_says_takes_that_files_name(tmp_path):
    created(tmp_path / "p", {"a.txt": ["ant"], "b.txt": ["ant"]}).close()
    change_passages(tmp_path / "p", lambda name: name == "a.txt", [])
    store = PassageStore.open(tmp_path / "p")
    assert store.get([1]) == [Passage("b.txt:1", "", "ant", (Place("b.txt", line=1),))]
    store.close()
    change_passages(tmp_path / "p", lambda name: name == "b.txt", [])
    assert [p.id for p in PassageStore.open(tmp_path / "p")] == ["own"]


def test_a_line_that_is_put_in_before_others_moves_none_of_them(tmp_path):
    created(tmp_path / "p", {"a.txt": ["ant", "bee", "cat"]}).close()
    now = {"a.txt": ["dog", "ant", "bee", "cat"]}
    changes = change_passages(tmp_path / "p", lambda name: True, passages_of(now))
    assert (changes.new_rows(), changes.moved, changes.removed) == ([4], (), 0)
    store = PassageStore.open(tmp_path / "p")
    assert [(p.id, p.text) for p in store][1:] == [
        ("a.txt:2", "ant"),
        ("a.txt:3", "bee"),
        ("a.txt:4", "cat"),
        ("a.txt:1", "dog"),
    ]
