"""A pickled list of (id, vector): read without running anything that a pickle could ask for."""

import os
import sys
import tracemalloc

import pytest
import torch

from minirag.documents.pickled_vectors import read_pickled_vectors
from tests.documents.small_files import pickled, pickled_vectors

VECTORS = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
everywhere = pytest.mark.parametrize("protocol", [3, 4, 5])


def read(tmp_path, contents):
    path = tmp_path / "v.pkl"
    path.write_bytes(contents)
    return list(read_pickled_vectors(path))


@everywhere
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_ids_and_vectors_are_those_that_were_pickled(tmp_path, protocol, count):
    ids = ["1", "wiki:2", 3][:count]
    found = read(tmp_path, pickled_vectors(ids, VECTORS[:count], protocol))
    assert [name for name, _ in found] == [str(name) for name in ids]
    assert all(torch.equal(vector, VECTORS[row]) for row, (_, vector) in enumerate(found))


@everywhere
def test_more_than_a_thousand_are_read_though_they_are_pickled_in_parts(tmp_path, protocol):
    vectors = torch.arange(2001.0)[:, None]
    found = read(tmp_path, pickled_vectors(range(2001), vectors, protocol))
    assert torch.equal(torch.stack([vector for _, vector in found]), vectors)


@everywhere
def test_what_was_known_of_a_passage_besides_is_passed_over(tmp_path, protocol):
    found = read(tmp_path, pickled_vectors("ab", VECTORS[:2], protocol, title=["T", "T"], flag=[None, True]))
    assert [name for name, _ in found] == ["a", "b"]


@everywhere
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_numbers_of_other_widths_become_float32(tmp_path, protocol, dtype):
    ((_, vector), *_) = read(tmp_path, pickled_vectors("abc", VECTORS.to(dtype), protocol))
    assert torch.equal(vector, VECTORS[0].to(dtype).float()) and vector.dtype == torch.float32


def test_numpy_1_called_its_room_by_another_name(tmp_path):
    """The published files are of its time."""
    contents = pickled_vectors("abc", VECTORS, 3)
    old = contents.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    assert old != contents
    assert torch.equal(read(tmp_path, old)[2][1], VECTORS[2])


def test_memory_does_not_grow_with_the_file(tmp_path):
    path, peaks = tmp_path / "v.pkl", []
    for count in (2_000, 8_000):
        path.write_bytes(pickled_vectors(range(count), torch.zeros(count, 256)))
        tracemalloc.start()
        assert sum(1 for _ in read_pickled_vectors(path)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < path.stat().st_size


class Planted:
    """What pickle would call when it reads this."""

    def __init__(self, function, *arguments):
        self.asked = function, arguments

    def __reduce__(self):
        return self.asked


@everywhere
@pytest.mark.parametrize("place", ["beside", "id", "vector"])
def test_what_would_run_a_command_is_refused_and_the_command_does_not_run(tmp_path, protocol, place):
    made = tmp_path / "made by the pickle"
    planted = Planted(os.mkdir, str(made))
    entry = {
        "beside": ("a", VECTORS[0].numpy(), planted),
        "id": (planted, VECTORS[0].numpy()),
        "vector": ("a", planted),
    }
    with pytest.raises(ValueError, match=r"v\.pkl: refused: it asks for posix\.mkdir, which is no part of a vector"):
        read(tmp_path, pickled([entry[place]], protocol))
    assert not made.exists()


ARRAY = VECTORS[0].numpy()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("a", [1.0])], r"holds a list within a list"),
        ({"a": ARRAY}, r"its instruction EMPTY_DICT"),
        (("a", ARRAY), r"is no pickled list"),
        ([("a", 1.5)], r"its instruction BINFLOAT"),
        ([("a", 1)], r"entry 1 is no pair of an id and a vector"),
        ([("a", ARRAY), ("b",)], r"entry 2 is no pair"),
        ([(None, ARRAY)], r"entry 1 is no pair"),
        ([ARRAY], r"entry 1 is no pair"),
        ([("a", VECTORS.numpy())], r"entry 1: its vector is no array of floating-point numbers in one dimension"),
        ([("a", torch.tensor([1, 2]).numpy())], r"entry 1: its vector is no array of floating"),
        ([("a", VECTORS[0].numpy().astype(">f4"))], r"entry 1: its vector is no array of floating"),
        ([("a", VECTORS[0, :0].numpy())], r"entry 1: its vector has 0 bytes for 0 numbers"),
        ([("a", ARRAY), ("b", ARRAY * float("inf"))], r"entry 2: its vector is not finite"),
    ],
)
def test_another_thing_is_named(tmp_path, entries, message):
    with pytest.raises(ValueError, match=rf"v\.pkl: {message}" if message.startswith("is") else message) as caught:
        read(tmp_path, pickled(entries))
    assert "\n" not in str(caught.value)


def test_an_entry_that_refers_back_to_a_vector_is_not_read_wrong(tmp_path):
    with pytest.raises(ValueError, match=r"v\.pkl: is no pickled list, or not all of one \(KeyError\)"):
        read(tmp_path, pickled([("a", ARRAY), ("b", ARRAY)]))


def test_a_truncated_file_is_named_behind_what_is_whole(tmp_path):
    path = tmp_path / "v.pkl"
    path.write_bytes(pickled_vectors(range(1500), torch.ones(1500, 4))[:-900])
    found = []
    with pytest.raises(ValueError, match=r"v\.pkl: expected 16 bytes|v\.pkl: is no pickle, or not all of one"):
        for name, _ in read_pickled_vectors(path):
            found.append(name)
    assert found == [str(number) for number in range(1000)]


def test_calls_within_calls_are_not_followed(tmp_path):
    """Deeper than Python can go; the names that a file gives are only ever looked at as text."""
    deep = b"(cnumpy\ndtype\n" + b"(" * sys.getrecursionlimit() * 10 + b"t" * sys.getrecursionlimit() * 10
    for end in (b"\x93.", b"\x85R\x93.", b"tR."):
        with pytest.raises(ValueError, match=r"v\.pkl: "):
            read(tmp_path, b"\x80\x04]" + deep + end)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.pkl: cannot be read \(No such file or directory\)"):
        list(read_pickled_vectors(tmp_path / "none.pkl"))
