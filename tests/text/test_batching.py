import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.text.batching import pad_ids

ids = st.integers(min_value=0, max_value=50)


@given(st.lists(st.lists(ids, max_size=8), max_size=6))
def test_the_mask_gives_back_every_row_as_it_was(rows):
    batch = pad_ids(rows, pad_id=1)
    assert [row[mask].tolist() for row, mask in zip(batch.input_ids, batch.attention_mask, strict=True)] == rows
    assert batch.input_ids.dtype == torch.long


@given(st.lists(st.lists(ids, min_size=1, max_size=8), min_size=1, max_size=6))
def test_padding_stands_on_the_right_and_holds_the_padding_id(rows):
    batch = pad_ids(rows, pad_id=7)
    assert batch.input_ids.shape == (len(rows), max(map(len, rows)))
    assert (batch.input_ids[~batch.attention_mask] == 7).all()
    assert (batch.attention_mask.int().diff(dim=1) <= 0).all()


def test_a_padding_id_inside_a_text_is_a_real_token():
    batch = pad_ids([[0, 1, 2], [0, 2]], pad_id=1)
    assert batch.attention_mask.tolist() == [[True, True, True], [True, True, False]]


def test_no_rows_make_an_empty_batch():
    assert pad_ids([], pad_id=1).input_ids.shape == (0, 0)
