import pytest
import torch
from safetensors.torch import load_file, save_file

from minirag.retrieval.int8_vectors import as_int8
from minirag.retrieval.vectors import blocks, check_finite, open_vectors, write_vectors
from tests.retrieval.small_bases import unit_vectors


@pytest.mark.parametrize(("dtype", "torch_dtype"), [("float16", torch.float16), ("float32", torch.float32)])
@pytest.mark.parametrize(("count", "dimension", "batch"), [(1, 1, 1), (10, 3, 4), (9, 5, 100)])
def test_streamed_batches_are_the_file_that_safetensors_reads(tmp_path, dtype, torch_dtype, count, dimension, batch):
    vectors = unit_vectors(count, dimension)
    assert write_vectors(tmp_path / "v", count, vectors.split(batch), dtype) == dimension
    for found in (load_file(tmp_path / "v")["vectors"], open_vectors(tmp_path / "v")):
        assert torch.equal(found, vectors.to(torch_dtype))


@pytest.mark.parametrize(("count", "dimension", "batch"), [(1, 1, 1), (10, 3, 4), (9, 5, 100)])
def test_int8_vectors_are_streamed_with_their_scales_before_them(tmp_path, count, dimension, batch):
    vectors = unit_vectors(count, dimension)
    assert write_vectors(tmp_path / "v", count, vectors.split(batch), "int8") == dimension
    read, expected = load_file(tmp_path / "v"), as_int8(vectors)
    assert torch.equal(read["vectors"], expected.numbers) and torch.equal(read["scales"], expected.scales)
    assert torch.equal(open_vectors(tmp_path / "v").float(), expected.float())
    save_file({"scales": expected.scales, "vectors": expected.numbers}, tmp_path / "theirs")
    assert contents(tmp_path / "v") == contents(tmp_path / "theirs")


def contents(path):
    """What stands behind the header: scales, then vectors, in safetensors' own order too."""
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_blocks_are_the_vectors_in_float32_whichever_rows_are_asked_for(tmp_path, monkeypatch, dtype):
    monkeypatch.setattr("minirag.retrieval.vectors.BLOCK", 4)
    write_vectors(tmp_path / "v", 11, [unit_vectors(11, 3)], dtype)
    vectors = open_vectors(tmp_path / "v")
    for rows in (None, torch.tensor([10, 0, 3, 3, 7])):
        parts = [(start, block.clone()) for start, block in blocks(vectors, rows)]
        assert torch.equal(
            torch.cat([block for _, block in parts]), (vectors if rows is None else vectors[rows]).float()
        )
        assert [start for start, _ in parts] == list(range(0, 11 if rows is None else 5, 4))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_vector_that_is_not_finite_is_named_by_its_row(tmp_path, bad, dtype):
    vectors = torch.ones(6, 2)
    vectors[4, 1] = bad
    with pytest.raises(ValueError, match="passage row 4 is not finite"):
        write_vectors(tmp_path / "v", 6, vectors.split(3), dtype)


def test_a_vector_too_large_for_float16_is_named(tmp_path):
    with pytest.raises(ValueError, match="passage row 1 is too large for float16"):
        write_vectors(tmp_path / "v", 2, [torch.tensor([[1.0], [70000.0]])], "float16")
    with pytest.raises(ValueError, match="passage row 1 is too large for int8"):
        write_vectors(tmp_path / "v", 2, [torch.tensor([[1.0], [3.4028234e38]])], "int8")


def test_batches_of_different_dimension_are_refused(tmp_path):
    with pytest.raises(ValueError, match="vectors 2 and on have dimension 4, those before 3"):
        write_vectors(tmp_path / "v", 4, [torch.ones(2, 3), torch.ones(2, 4)], "float32")


def test_another_number_of_vectors_than_promised_is_refused(tmp_path):
    with pytest.raises(ValueError, match="2 vectors for 3 passages"):
        write_vectors(tmp_path / "v", 3, [torch.ones(2, 3)], "float32")


def test_an_unknown_dtype_is_named(tmp_path):
    with pytest.raises(ValueError, match="dtype='int4' is not one of float16, float32, int8"):
        write_vectors(tmp_path / "v", 3, [torch.ones(3, 3)], "int4")


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("length", [0, 4, 20, 100, -1])
def test_a_truncated_file_is_named(tmp_path, length, dtype):
    write_vectors(tmp_path / "whole", 5, [torch.ones(5, 3)], dtype)
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:length])
    with pytest.raises(ValueError, match="cut: is not a whole safetensors file"):
        open_vectors(tmp_path / "cut")


@pytest.mark.parametrize(
    "tensors",
    [
        {"other": torch.ones(2, 2)},
        {"vectors": torch.ones(2, 2), "more": torch.ones(1)},
        {"vectors": torch.ones(2)},
        {"vectors": torch.ones(2, 2, dtype=torch.int64)},
        {"vectors": torch.ones(2, 2, dtype=torch.bfloat16)},
        {"vectors": torch.ones(2, 2, dtype=torch.int8)},
        {"vectors": torch.ones(2, 2), "scales": torch.ones(2)},
        {"vectors": torch.ones(2, 2, dtype=torch.int8), "scales": torch.ones(3)},
        {"vectors": torch.ones(2, 2, dtype=torch.int8), "scales": torch.ones(2).half()},
        {"vectors": torch.ones(2, dtype=torch.int8), "scales": torch.ones(2)},
    ],
    ids=[
        "other name",
        "two tensors",
        "one axis",
        "int64",
        "bfloat16",
        "no scales",
        "scales of float32",
        "too many scales",
        "float16 scales",
        "scales and one axis",
    ],
)
def test_a_file_of_something_else_is_named(tmp_path, tensors):
    save_file(tensors, tmp_path / "v.safetensors")
    with pytest.raises(ValueError, match=r"v\.safetensors: "):
        open_vectors(tmp_path / "v.safetensors")


def test_the_row_that_is_not_finite_is_found_in_any_block(tmp_path, monkeypatch):
    monkeypatch.setattr("minirag.retrieval.vectors.BLOCK", 4)
    vectors = torch.ones(10, 2)
    check_finite(tmp_path / "v", vectors)
    vectors[9, 0] = float("nan")
    with pytest.raises(ValueError, match="v: row 9 is not finite"):
        check_finite(tmp_path / "v", vectors)
