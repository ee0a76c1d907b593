import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval import vectors as vectors_module
from minirag.retrieval.exact_index import ExactIndex, check_search
from tests.retrieval.small_bases import unit_vectors

SIZES = st.integers(1, 40)


@given(N=SIZES, D=st.integers(1, 9), Q=st.integers(0, 4), k=SIZES, block=st.integers(1, 50), seed=st.integers(0, 999))
def test_blockwise_search_is_the_top_k_of_the_whole_product(N, D, Q, k, block, seed):
    generator = torch.Generator().manual_seed(seed)
    stored = torch.randn(N, D, generator=generator).half()
    queries = torch.randn(Q, D, generator=generator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors_module, "BLOCK", block)
        scores, rows = ExactIndex(stored).search(queries, k)
    whole = queries @ stored.float().T
    torch.testing.assert_close(scores, whole.topk(min(k, N), dim=1).values)
    torch.testing.assert_close(whole.gather(1, rows), scores)
    assert all(len(set(row)) == min(k, N) for row in rows.tolist())


@given(N=SIZES, D=st.integers(4, 16), seed=st.integers(0, 999))
def test_a_vector_of_length_one_finds_its_own_row(N, D, seed):
    vectors = unit_vectors(N, D, seed)
    _, rows = ExactIndex(vectors).search(vectors, 1)
    assert rows[:, 0].tolist() == list(range(N))


def test_more_than_there_are_is_as_many_as_there_are():
    scores, rows = ExactIndex(unit_vectors(3, 4)).search(unit_vectors(2, 4), 10)
    assert scores.shape == rows.shape == (2, 3)
    assert rows.sort(dim=1).values.tolist() == [[0, 1, 2]] * 2


def test_autocast_does_not_touch_the_scores():
    vectors, queries = 75 * unit_vectors(50, 16), unit_vectors(4, 16, seed=1)
    plain = ExactIndex(vectors).search(queries, 10)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = ExactIndex(vectors).search(queries, 10)
    assert torch.equal(plain[0], under_autocast[0])
    assert torch.equal(plain[1], under_autocast[1])


def test_no_gradient_flows_through_the_search():
    queries = unit_vectors(2, 4).requires_grad_()
    assert not ExactIndex(unit_vectors(5, 4)).search(queries, 2)[0].requires_grad


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_question_that_is_not_finite_is_named(bad):
    queries = torch.ones(3, 4)
    queries[2, 1] = bad
    with pytest.raises(ValueError, match="the vector of question 2 is not finite"):
        ExactIndex(torch.ones(5, 4)).search(queries, 1)


def test_numbers_whose_sum_is_too_large_are_finite_all_the_same():
    check_search(torch.full((2, 4), 3e38), 4, 1)
    with pytest.raises(ValueError, match="the vector of question 1 is not finite"):
        check_search(torch.tensor([[3e38, 3e38], [3e38, float("inf")]]), 2, 1)


def test_in_many_questions_too_the_one_that_is_not_finite_is_named():
    queries = torch.ones(100, 768)  # more numbers than are looked at at once
    queries[97, 767] = float("inf")
    with pytest.raises(ValueError, match="the vector of question 97 is not finite"):
        ExactIndex(torch.ones(5, 768)).search(queries, 1)
    assert ExactIndex(torch.ones(5, 768)).search(queries[:0], 1)[0].shape == (0, 1)


def test_a_question_of_another_dimension_is_refused():
    with pytest.raises(ValueError, match="have dimension 3, the index has 4"):
        ExactIndex(torch.ones(5, 4)).search(torch.ones(1, 3), 1)


def test_fewer_than_one_is_refused():
    with pytest.raises(ValueError, match="k=0 must be at least 1"):
        ExactIndex(torch.ones(5, 4)).search(torch.ones(1, 4), 0)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_vector_that_was_damaged_is_an_error_and_not_the_best_passage(number):
    vectors = unit_vectors(20, 4)
    vectors[7, 2] = number
    with pytest.raises(ValueError, match="the score of passage row 7 is not finite"):
        ExactIndex(vectors).search(torch.ones(1, 4), 3)
