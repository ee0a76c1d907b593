"""Where values begin and end: what is found there is what the whole file says, whatever stands in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.documents.json_values import elements, first_byte, members, value_end

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
layout = st.fixed_dictionaries({"indent": st.sampled_from([None, 0, 4]), "ensure_ascii": st.booleans()})


def written(value, style) -> bytes:
    return json.dumps(value, **style).encode("utf-8", "surrogatepass")


@given(st.lists(values, max_size=5), layout)
def test_the_elements_of_an_array_are_those_of_the_whole(array, style):
    data = b"\xef\xbb\xbf \n" + written(array, style)
    found = [data[start:end] for start, end in elements(data, first_byte(data))]
    assert [json.loads(part.decode("utf-8", "surrogatepass")) for part in found] == array


@given(st.dictionaries(st.text(), values, max_size=5), layout)
def test_the_members_of_an_object_are_those_of_the_whole(record, style):
    data = written(record, style)
    found = [(key, data[start : value_end(data, start)]) for key, start in members(data, 0)]
    decoded = [(b'"' + key + b'"', value) for key, value in found]
    assert [tuple(json.loads(each.decode("utf-8", "surrogatepass")) for each in pair) for pair in decoded] == list(
        record.items()
    )


@given(st.lists(values, min_size=1, max_size=3), st.data())
def test_a_file_that_was_cut_off_is_refused(array, data):
    whole = written(array, {})
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(ValueError, match="is not"):
        list(elements(whole[:cut], 0))


@pytest.mark.parametrize("text", [b"[1 2]", b"[1,]", b"[,]", b'{"a" 1}', b"{1: 2}", b'{"a": 1 "b": 2}', b'["a]'])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match="is not"):
        list(elements(text, 0) if text[:1] == b"[" else members(text, 0))
