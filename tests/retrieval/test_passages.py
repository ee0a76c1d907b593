import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval import passages as passages_module
from minirag.retrieval.passages import Passage, PassageStore
from tests.retrieval.small_bases import some_passages

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ANY_PASSAGES = st.lists(st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT), max_size=6, unique_by=lambda columns: columns[0])


def new_store(folder, passages):
    path = folder / "passages.sqlite"
    path.unlink(missing_ok=True)
    return PassageStore.create(path, passages)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("passages")


@given(ANY_PASSAGES)
def test_any_text_comes_back_as_it_was(folder, columns):
    passages = [Passage(*each) for each in columns]
    store = new_store(folder, passages)
    rows = list(range(len(passages)))
    assert list(store) == store.get(rows) == passages
    assert store.rows_of([passage.id for passage in passages]) == rows
    assert len(store) == len(passages)


@pytest.mark.parametrize("text", ["", "   ", "\0", "a\0b", "😀 שלום \x1b[31m", "word " * 100_000, "w" * 600_000])
def test_unusual_texts_come_back_as_they_were(tmp_path, text):
    passage = Passage("one", text, text)
    assert list(new_store(tmp_path, [passage])) == [passage]


def test_rows_may_be_asked_for_in_any_order_and_twice(tmp_path):
    passages = some_passages(5)
    assert new_store(tmp_path, passages).get([3, 0, 3]) == [passages[3], passages[0], passages[3]]


def test_walking_through_all_passages_crosses_chunks_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(passages_module, "CHUNK", 3)
    assert list(new_store(tmp_path, some_passages(10))) == some_passages(10)


@pytest.mark.parametrize("row", [-1, 5, 2**70])
def test_a_row_that_is_not_there_is_named(tmp_path, row):
    with pytest.raises(ValueError, match=rf"passages\.sqlite: no passage in row {row} \(rows 0 to 4\)"):
        new_store(tmp_path, some_passages(5)).get([0, row])


@pytest.mark.parametrize("name", ["p9", "", "\0", "\ud800"])
def test_an_id_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(ValueError, match=r"passages\.sqlite") as caught:
        new_store(tmp_path, some_passages(5)).rows_of(["p0", name])
    assert repr(name) in str(caught.value)


def test_an_id_that_occurs_twice_is_named_and_no_file_is_left(tmp_path):
    with pytest.raises(ValueError, match=r"passage id 'p1' occurs twice \(the second time in row 3\)"):
        new_store(tmp_path, [*some_passages(3), Passage("p1", "", "")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "passage", [Passage("x", "\ud800", ""), Passage("x", "", "a\udfff"), Passage("x\ud83d", "", "")]
)
def test_half_a_character_is_refused_and_the_passage_named(tmp_path, passage):
    with pytest.raises(ValueError, match=r"passage 'x.*' \(row 0\): not Unicode text"):
        new_store(tmp_path, [passage])


def test_an_interrupted_writer_leaves_no_file(tmp_path):
    def interrupted():
        yield from some_passages(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_store(tmp_path, interrupted())
    assert list(tmp_path.iterdir()) == []


def test_the_same_passages_give_the_same_file(tmp_path):
    first = new_store(tmp_path, some_passages(50)).path.read_bytes()
    assert new_store(tmp_path, some_passages(50)).path.read_bytes() == first


def test_an_existing_file_is_never_written_over(tmp_path):
    new_store(tmp_path, some_passages(2))
    with pytest.raises(ValueError, match="exists already"):
        PassageStore.create(tmp_path / "passages.sqlite", some_passages(3))
    assert len(PassageStore.open(tmp_path / "passages.sqlite")) == 2


def test_a_store_is_read_only_and_leaves_no_files_beside_it(tmp_path):
    store = new_store(tmp_path, some_passages(2))
    with pytest.raises(ValueError, match="readonly"):
        store.select("DELETE FROM passages")
    assert [path.name for path in tmp_path.iterdir()] == ["passages.sqlite"]


def test_a_path_may_hold_what_means_something_in_an_address(tmp_path):
    folder = tmp_path / "a b?mode=rw#%41é"
    folder.mkdir()
    assert len(new_store(folder, some_passages(2))) == 2


def test_a_store_may_be_read_from_many_threads_at_once(tmp_path):
    store, passages = new_store(tmp_path, some_passages(40)), some_passages(40)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda row: store.get([row])[0], list(range(40)) * 5))
    assert found == passages * 5


@pytest.mark.parametrize("contents", [b"", b"no database", b"SQLite format 3\0" + b"\1" * 200])
def test_a_file_that_is_no_store_is_named(tmp_path, contents):
    (tmp_path / "other.sqlite").write_bytes(contents)
    with pytest.raises(ValueError, match=r"other\.sqlite: "):
        PassageStore.open(tmp_path / "other.sqlite")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.sqlite: no such file"):
        PassageStore.open(tmp_path / "none.sqlite")


def test_a_damaged_page_is_an_error_that_names_the_file(tmp_path):
    path = new_store(tmp_path, some_passages(500)).path
    contents = bytearray(path.read_bytes())
    contents[8192:] = b"\xff" * (len(contents) - 8192)
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"passages\.sqlite: "):
        list(PassageStore.open(path))


def test_no_flipped_bit_of_the_first_page_is_another_error(tmp_path):
    """It holds the names of all tables: SQLite shows the one at fault, as it is, and that may be no text."""
    path = new_store(tmp_path, some_passages(3)).path
    whole, refused = path.read_bytes(), set()
    for at in range(4096):
        contents = bytearray(whole)
        contents[at] ^= 128
        path.write_bytes(contents)
        try:
            PassageStore.open(path).close()
        except ValueError as error:
            assert "\n" not in str(error)
            refused.add(type(error))
    assert refused == {ValueError}


def test_the_table_has_the_documented_columns(tmp_path):
    path = new_store(tmp_path, some_passages(1)).path
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT row, id, title, text FROM passages").fetchall() == [
        (0, "p0", "Title 0", "The text of passage number 0.")
    ]
    connection.close()
