"""The axes are at right angles, keep as much of the vectors' length as any can, and a file of others is refused."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from minirag.retrieval.along_axes import AlongAxes
from minirag.retrieval.int8_vectors import as_int8
from minirag.retrieval.principal_axes import axes_wanted, principal_axes, read_axes, write_axes
from minirag.retrieval.vectors import blocks
from tests.retrieval.small_bases import unit_vectors

N, D, C = 300, 40, 16


def stretched(seed=0):
    """Longer on some axes than on others, and not around 0."""
    noise = unit_vectors(N, D, seed) * torch.linspace(3, 0.1, D)
    return noise @ torch.linalg.qr(unit_vectors(D, D, seed + 1))[0] + 0.2


def kept(vectors, axes):
    """Σ_z |Aᵀ d(z)|² / Σ_z |d(z)|²."""
    return float((vectors @ axes).square().sum() / vectors.square().sum())


@given(st.integers(0, 1000), st.integers(1, D))
def test_no_other_axes_keep_more_of_the_length(seed, count):
    vectors = stretched(seed)
    axes = principal_axes(vectors, count)
    torch.testing.assert_close(axes.T @ axes, torch.eye(count), atol=1e-5, rtol=0)
    shares = torch.linalg.svdvals(vectors).square()
    assert kept(vectors, axes) == pytest.approx(float(shares[:count].sum() / shares.sum()), abs=1e-4)
    others = torch.linalg.qr(unit_vectors(D, count, seed + 2))[0]
    assert kept(vectors, others) <= kept(vectors, axes) + 1e-5


def test_along_all_axes_every_inner_product_is_what_it_was():
    vectors, queries = stretched(), unit_vectors(7, D, 5)
    axes = principal_axes(vectors, D)
    torch.testing.assert_close((queries @ axes) @ AlongAxes(vectors, axes)[:].T, queries @ vectors.T)


@pytest.mark.parametrize("stored", [torch.Tensor.half, torch.Tensor.float, as_int8])
def test_vectors_along_axes_are_indexed_as_a_tensor_is(stored):
    vectors = stored(stretched())
    seen = AlongAxes(vectors, principal_axes(vectors, C))
    every = vectors.float() @ seen.axes
    assert len(seen) == N and list(seen.shape) == [N, C]
    for rows in (slice(5, 90), [3, 1, 3], torch.tensor([7, 2])):
        torch.testing.assert_close(seen[rows], every[rows])


@pytest.mark.parametrize("rows", [None, torch.tensor([299, 3, 3, 17])])
def test_they_are_looked_at_in_blocks(rows, monkeypatch):
    monkeypatch.setattr("minirag.retrieval.vectors.BLOCK", 3)
    vectors = stretched().half()
    seen = AlongAxes(vectors, principal_axes(vectors, C))
    parts = [(start, block.clone()) for start, block in blocks(seen, rows)]
    assert [start for start, _ in parts] == list(range(0, N if rows is None else 4, 3))
    torch.testing.assert_close(torch.cat([block for _, block in parts]), seen[:] if rows is None else seen[rows])


def test_of_many_vectors_a_sample_spread_evenly_makes_the_axes(monkeypatch):
    monkeypatch.setattr("minirag.retrieval.principal_axes.SAMPLE", 4)
    rows = torch.zeros(10, 3)
    rows[[0, 3, 6, 9]] = torch.tensor([[2.0, 0, 0], [2.0, 0, 0], [0, 1.0, 0], [0, 1.0, 0]])
    rows[[1, 2, 4, 5, 7, 8], 2] = 9.0
    assert principal_axes(rows, 2).abs().tolist() == [[1, 0], [0, 1], [0, 0]]


def test_a_third_of_long_vectors_and_all_of_short_ones():
    assert [axes_wanted(dimension) for dimension in (8, 255, 256, 384, 768, 1024)] == [None, None, 80, 128, 256, 336]


def test_they_are_read_as_they_were_written(tmp_path):
    axes = principal_axes(stretched(), C)
    write_axes(tmp_path / "axes.safetensors", axes)
    assert torch.equal(read_axes(tmp_path / "axes.safetensors", D, C), axes)


@pytest.mark.parametrize(
    ("tensors", "fault"),
    [
        ({"axes": torch.eye(D)[:, : C - 1].contiguous()}, "does not hold 16 axes of 40 float32 numbers"),
        ({"axes": torch.eye(D).half()[:, :C].contiguous()}, "does not hold 16 axes"),
        ({"vectors": torch.eye(D)[:, :C].contiguous()}, "does not hold 16 axes"),
        ({"axes": 2 * torch.eye(D)[:, :C].contiguous()}, "not of length 1 and at right angles"),
        ({"axes": torch.full((D, C), torch.nan)}, "not of length 1 and at right angles"),
    ],
)
def test_another_file_is_refused(tmp_path, tensors, fault):
    save_file(tensors, tmp_path / "axes.safetensors")
    with pytest.raises(ValueError, match=rf"axes\.safetensors: .*{fault}"):
        read_axes(tmp_path / "axes.safetensors", D, C)


def test_what_is_no_whole_file_is_refused(tmp_path):
    (tmp_path / "axes.safetensors").write_bytes(b"axes")
    with pytest.raises(ValueError, match=r"axes\.safetensors: is not a whole safetensors file"):
        read_axes(tmp_path / "axes.safetensors", D, C)
