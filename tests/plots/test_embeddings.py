"""Two dimensions: distances are kept as well as two numbers can, and the picture is the same every time."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.plots import alt_text, embedding_map
from minirag.plots.embeddings import principal_components


def random_vectors(count: int, dimensions: int, seed: int) -> torch.Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(st.integers(3, 8), st.integers(2, 6), st.integers(0, 999))
def test_the_components_hold_the_two_largest_variances(count, dimensions, seed):
    vectors = random_vectors(count, dimensions, seed)
    points, explained = principal_components(vectors)
    variances = torch.linalg.eigvalsh(vectors.T.cov(correction=0).reshape(dimensions, dimensions)).flip(0)
    torch.testing.assert_close(points.var(dim=0, correction=0), variances[:2])
    torch.testing.assert_close(torch.tensor(explained), (variances[:2] / variances.sum()).float())


@given(st.integers(3, 8), st.integers(0, 999))
def test_points_of_a_plane_keep_their_distances(count, seed):
    plane = random_vectors(count, 2, seed) @ torch.linalg.qr(random_vectors(5, 2, seed + 1)).Q.T  # (M, 5)
    points, explained = principal_components(plane)
    torch.testing.assert_close(torch.cdist(points, points), torch.cdist(plane, plane), atol=1e-7, rtol=1e-7)
    torch.testing.assert_close(sum(explained), 1.0)


def test_vectors_that_are_all_alike_lie_in_one_point():
    points, explained = principal_components(torch.ones(4, 3, dtype=torch.float64))
    assert points.abs().max() == 0.0
    assert explained == [0.0, 0.0]


def test_questions_and_passages_are_drawn_where_they_are_and_differ_by_more_than_colour():
    questions, passages = random_vectors(3, 5, 0), random_vectors(4, 5, 1)
    points, _ = principal_components(torch.cat([questions, passages]))
    figure = embedding_map(questions, passages, gold=[2, 0, 1], titles=list("abcd"))
    axes = figure.axes[0]
    drawn = {group.get_label(): group for group in axes.collections}
    assert drawn["questions"].get_offsets().tolist() == points[:3].tolist()
    assert drawn["passages"].get_offsets().tolist() == points[3:].tolist()
    assert drawn["questions"].get_paths()[0].vertices.shape != drawn["passages"].get_paths()[0].vertices.shape
    ends = [list(zip(*line.get_data(), strict=True)) for line in axes.lines]
    assert ends == [[tuple(points[q].tolist()), tuple(points[3 + z].tolist())] for q, z in enumerate([2, 0, 1])]
    assert [text.get_text() for text in axes.texts] == list("abcd")


def test_titles_of_neighbours_do_not_touch():
    passages = torch.tensor([[0.0, 0.0], [0.0, 0.05], [4.0, 4.0], [8.0, 1.0]])
    figure = embedding_map([[1.0, 3.0]], passages, titles=["Chad", "Peru", "Cuba", "a rather long one"])
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[:n])
    assert max(box.x1 for box in boxes) <= figure.bbox.x1


def test_the_words_count_what_is_there():
    words = alt_text(embedding_map([[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]))
    assert words == ("Map of 1 question and 2 passages on two principal components, which hold 100% of the variance.")
