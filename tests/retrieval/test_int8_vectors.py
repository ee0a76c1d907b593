import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.int8_vectors import SMALLEST, Int8Vectors, as_int8
from tests.retrieval.small_bases import unit_vectors

numbers = st.floats(-(2.0**100), 2.0**100, width=32)
rows = st.integers(1, 6).flatmap(
    lambda dim: st.lists(st.lists(numbers, min_size=dim, max_size=dim), min_size=1, max_size=5)
)


@given(rows)
def test_no_number_is_off_by_more_than_half_a_scale(lists):
    vectors = torch.tensor(lists)
    stored = as_int8(vectors)
    off = (stored.float().double() - vectors.double()).abs()
    assert (off <= stored.scales[:, None].double() * 0.500001).all()
    largest = vectors.abs().amax(dim=1).double()
    assert (stored.scales.double() <= (largest / 127 * (1 + 2**-16)).clamp(min=SMALLEST)).all()


@given(rows)
def test_vectors_that_are_read_and_stored_again_are_the_same(lists):
    once = as_int8(torch.tensor(lists))
    again = as_int8(once.float())
    assert torch.equal(again.numbers, once.numbers) and torch.equal(again.scales, once.scales)


@given(rows)
def test_computing_a_vector_back_rounds_nothing(lists):
    stored = as_int8(torch.tensor(lists))
    assert torch.equal(stored.float().double(), stored.numbers.double() * stored.scales.double()[:, None])


def test_the_largest_number_is_127_and_the_opposite_vector_has_the_opposite_numbers():
    vectors = unit_vectors(20, 9)
    stored = as_int8(vectors)
    assert stored.numbers.abs().amax(dim=1).tolist() == [127] * 20
    assert torch.equal(as_int8(-vectors).numbers, -stored.numbers)


def test_a_vector_of_zeros_stays_one():
    assert as_int8(torch.zeros(2, 3)).float().tolist() == [[0.0] * 3] * 2


def test_they_are_indexed_as_a_tensor_is():
    stored = as_int8(unit_vectors(6, 4))
    whole = stored.float()
    assert len(stored) == 6 and stored.shape == (6, 4) and stored.dtype == torch.int8
    for chosen in (slice(1, 4), [5, 0], 2, torch.tensor([[3, 3], [0, 1]])):
        assert torch.equal(stored[chosen].float(), whole[chosen])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 3.4e38])
def test_what_cannot_be_computed_back_is_seen_by_its_scale(bad):
    stored = as_int8(torch.tensor([[1.0, 2.0], [1.0, bad]]))
    assert isinstance(stored, Int8Vectors)
    assert (stored.scales * 127).isfinite().tolist() == [True, bad == 3.4e38]


def test_rows_are_picked_as_they_are_indexed():
    vectors, rows = as_int8(torch.randn(9, 5, generator=torch.Generator().manual_seed(0))), torch.tensor([7, 0, 7])
    picked = vectors.index_select(0, rows)
    assert torch.equal(picked.numbers, vectors[rows].numbers) and torch.equal(picked.scales, vectors[rows].scales)
