"""A file of rows is there whole or as it was before, and nothing is left beside it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.whole_file import write_jsonl

values = st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text(), max_size=2))


@given(st.lists(st.dictionaries(st.text(), values, max_size=3), max_size=4))
def test_each_row_is_a_line_and_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "deep" / "rows.jsonl"
    assert write_jsonl(path, rows) == len(rows)
    assert [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] == rows


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_rows_that_cannot_be_finished_leave_the_file_as_it_was(tmp_path, error):
    def rows():
        yield {"a": 1}
        raise error

    path = tmp_path / "rows.jsonl"
    path.write_text("before")
    with pytest.raises(error):
        write_jsonl(path, rows())
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_what_is_no_number_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_jsonl(tmp_path / "rows.jsonl", [{"a": float("nan")}])
    assert list(tmp_path.iterdir()) == []
