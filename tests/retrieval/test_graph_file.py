"""A graph is looked through before hnswlib follows its links: each number that it would follow, changed, is refused."""

import struct

import pytest

from minirag.retrieval.graph_file import HEADER, check_graph, read_header
from minirag.retrieval.hnsw_index import HNSWIndex
from tests.retrieval.small_bases import unit_vectors

N, D, M = 60, 4, 3  # a small M: many levels


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "index.hnsw"
    HNSWIndex.build(unit_vectors(N, D), M=M, ef_construction=20).save(path)
    return path.read_bytes()


@pytest.fixture
def header(whole, tmp_path):
    (tmp_path / "whole.hnsw").write_bytes(whole)
    return read_header(tmp_path / "whole.hnsw", D, N)


def refusal(tmp_path, graph):
    path = tmp_path / "index.hnsw"
    path.write_bytes(graph)
    with pytest.raises(ValueError, match=r"index\.hnsw: ") as caught:
        check_graph(path, D, N)
    return str(caught.value)


def changed(graph, at, value, form="<i"):
    size = struct.calcsize(form)
    return graph[:at] + struct.pack(form, value) + graph[at + size :]


@pytest.mark.parametrize("count", [1, 2, 3, 500])
@pytest.mark.parametrize("M", [2, 16])
def test_what_hnswlib_writes_is_good(tmp_path, count, M):
    HNSWIndex.build(unit_vectors(count, D), M=M, ef_construction=20).save(tmp_path / "g")
    check_graph(tmp_path / "g", D, count)


def test_several_threads_put_labels_in_another_order_and_that_is_good(tmp_path):
    HNSWIndex.build(unit_vectors(500, D), M=4, ef_construction=20, num_threads=4).save(tmp_path / "g")
    check_graph(tmp_path / "g", D, 500)


def test_the_header_is_read_as_it_was_written(header):
    assert (header.count, header.links, header.links0, header.M, header.ef_construction) == (N, M, 2 * M, M, 20)
    assert header.highest_level >= 2 and header.node_bytes == 4 + 4 * 2 * M + 4 * D + 8


@pytest.mark.parametrize("number", range(11))
def test_a_header_that_says_something_else_is_refused(tmp_path, whole, number):
    values = list(HEADER.unpack(whole[: HEADER.size]))
    for value in {0, values[number] + 1, values[number] + 4, 2**31 - 1} - {values[number]}:
        if number == 1 and value > N:
            continue  # room for more vectors is no fault
        if number == 7 and value < N:
            continue  # another entry: that it is on the highest level is asked below
        other = [*values[:number], value, *values[number + 1 :]]
        refusal(tmp_path, HEADER.pack(*other) + whole[HEADER.size :])


def test_every_link_of_level_0_leads_to_a_vector(tmp_path, whole, header):
    for node in (0, N - 1):
        start = HEADER.size + node * header.node_bytes
        assert "no vector" in refusal(tmp_path, changed(whole, start, 2 * M + 1))
        assert "no vector" in refusal(tmp_path, changed(whole, start, -1))
        for link in (N, -1, 2**31 - 1):
            assert "no vector" in refusal(tmp_path, changed(whole, start + 4, link))


def test_those_that_are_gone_are_marked_as_deleted_and_no_others(tmp_path):
    index = HNSWIndex.build(unit_vectors(N, D), M=M, ef_construction=20)
    index.graph.mark_deleted(N - 1)
    index.graph.save_index(str(tmp_path / "g"))
    check_graph(tmp_path / "g", D, N, N - 1)
    for alive in (N, N - 2, None):
        with pytest.raises(ValueError, match="the wrong vectors are marked as deleted"):
            check_graph(tmp_path / "g", D, N, alive)


def test_a_vector_that_is_marked_as_deleted_is_refused(tmp_path, whole):
    number = struct.unpack_from("<i", whole, HEADER.size)[0]
    assert "marked" in refusal(tmp_path, changed(whole, HEADER.size, number | 1 << 16))


def test_every_row_is_a_label_once(tmp_path, whole, header):
    at = HEADER.size + 5 * header.node_bytes + header.label
    assert "a label is no row" in refusal(tmp_path, changed(whole, at, N, "<q"))
    assert "a label is no row" in refusal(tmp_path, changed(whole, at, 2**32 + 5, "<q"))
    assert "no vector has the label 5" in refusal(tmp_path, changed(whole, at, 4, "<q"))


def test_levels_above_are_looked_through(tmp_path, whole, header):
    words = memoryview(whole[HEADER.size + N * header.node_bytes :]).cast("i")
    at = next(at for at, word in enumerate(words) if word)  # of the first vector that is on level 1
    start = HEADER.size + N * header.node_bytes + 4 * at
    assert "above level 0" in refusal(tmp_path, changed(whole, start, words[at] + 4))
    assert "above level 0" in refusal(tmp_path, changed(whole, start, 4 * (1 + M) * (header.highest_level + 1)))
    assert "above level 0" in refusal(tmp_path, changed(whole, start + 4, M + 1))
    assert "above level 0" in refusal(tmp_path, changed(whole, start + 8, N))
    below = next(node for node in range(N) if at > 0 or node > 0)
    graph = changed(changed(whole, start + 4, 1), start + 8, below)
    assert "not on its level" in refusal(tmp_path, graph)


def test_the_entry_is_on_the_highest_level(tmp_path, whole, header):
    at = struct.calcsize("<6Qi")
    others = [entry for entry in range(N) if entry != header.entry]
    refused = 0
    for entry in others:
        path = tmp_path / "index.hnsw"
        path.write_bytes(changed(whole, at, entry))
        try:
            check_graph(path, D, N)
        except ValueError as error:
            assert "highest level" in str(error)
            refused += 1
    assert refused >= len(others) - 5


@pytest.mark.parametrize("length", [4, 50, 96, 400, -4, -1])
def test_a_file_of_another_length_is_refused(tmp_path, whole, length):
    refusal(tmp_path, whole[:length])
    refusal(tmp_path, whole + b"\0" * abs(length))
