"""A share in chunks: none is empty or lost, and processes with unequal shares have equally many."""

from hypothesis import given
from hypothesis import strategies as st

from minirag.training.dpr.encoding import TOGETHER, chunking, cut
from minirag.training.processes import Processes


@given(st.integers(1, 5), st.integers(0, 200), st.integers(1, 9))
def test_every_process_cuts_its_share_into_equally_many_chunks(processes, more, parts):
    rows = range(processes + more)
    size, count = chunking(len(rows), parts, processes)
    assert count <= parts or (parts == 1 and size == TOGETHER)
    for rank in range(processes):
        share = Processes(rank, processes).share(rows)
        chunks = cut(share, size, count)
        assert [row for chunk in chunks for row in chunk] == share and len(chunks) == count
        assert all(1 <= len(chunk) <= size for chunk in chunks)


def test_a_share_that_just_fills_its_chunks_leaves_a_row_for_the_chunk_that_the_other_process_needs():
    lengths = [
        [len(chunk) for chunk in cut(Processes(rank, 2).share(range(4 * TOGETHER + 1)), *chunking(129, 1, 2))]
        for rank in range(2)
    ]
    assert lengths == [[TOGETHER, TOGETHER, 1], [TOGETHER, TOGETHER - 1, 1]]


def test_one_process_alone_fills_every_chunk_but_the_last():
    assert [len(chunk) for chunk in cut(range(70), TOGETHER)] == [32, 32, 6]
    assert cut(range(70), *chunking(70)) == cut(range(70), TOGETHER)
    assert chunking(10, parts=8) == (2, 5)
