import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.documents.reading import read_documents

CELLS = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(st.fixed_dictionaries({"title": CELLS, "text": CELLS}), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("json")


def read(folder, contents):
    (folder / "f.json").write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return list(read_documents([folder / "f.json"], words=None))


@given(ROWS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_an_array_is_as_many_documents(folder, rows, indent, ascii_only):
    found = read(folder, json.dumps(rows, indent=indent, ensure_ascii=ascii_only))
    assert [{"title": p.title, "text": p.text} for p in found] == rows


def test_an_element_is_called_after_the_line_where_it_begins_and_an_object_is_a_document(folder):
    found = read(folder, '[{"text": "one"},\n\n {"text":\n "two"}, {"text": "three", "id": 7}]')
    assert [p.id.rpartition("/")[2] for p in found] == ["f.json:1", "f.json:3", "7"]
    assert [p.places[0].line for p in found] == [1, 3, 4]
    assert [p.text for p in read(folder, '\n{"text": "one"}\n')] == ["one"]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("", ": holds no passages$"),
        ("[]", ": holds no passages$"),
        ('[{"text": "a"}', r": is not JSON"),
        ('[{"text": "a"},\n {"text": 5}]', ":2: 'text' is not text but 5$"),
        ('[{"text": "a"}] {"text": "b"}', r": is not JSON \(something stands behind the array\)$"),
        ('["a"]', ":1: is not a JSON object$"),
        (b'[{"text": "a"},\n{"text": "\xff"}]', ":2: is not UTF-8 text"),
        ('{"name": "pkg", "version": 1}', ":1: has no 'text'$"),
        ("[" * 100_000, ": is not (whole )?JSON"),
    ],
)
def test_a_fault_is_one_line_with_file_and_line(folder, contents, message):
    with pytest.raises(ValueError, match=r"f\.json" + message) as caught:
        read(folder, contents)
    assert "\n" not in str(caught.value)
