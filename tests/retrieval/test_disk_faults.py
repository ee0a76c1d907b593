import errno
import os
from pathlib import Path

import pytest

from minirag.retrieval import hnsw_index
from minirag.retrieval.disk_faults import OF_A_DISK, disk_faults_named
from minirag.retrieval.hnsw_index import HNSWIndex
from tests.retrieval.small_bases import unit_vectors


@pytest.mark.parametrize("number", OF_A_DISK)
def test_the_folder_is_named_that_was_to_be_written(number):
    with pytest.raises(ValueError) as caught, disk_faults_named(Path("some/kb")):
        raise OSError(number, os.strerror(number), ".kb.building/whole/vectors.safetensors")
    assert str(caught.value) == f"some/kb: cannot be written ({os.strerror(number)})"


@pytest.mark.parametrize(
    "error", [ConnectionError(errno.ECONNREFUSED, "refused"), OSError("no number"), ValueError("x")]
)
def test_what_is_no_fault_of_the_disk_goes_through(error):
    with pytest.raises(type(error)) as caught, disk_faults_named(Path("kb")):
        raise error
    assert caught.value is error


def test_a_graph_that_was_not_written_whole_is_noticed(tmp_path, monkeypatch):
    """hnswlib says nothing when the disk is full."""

    class Full:
        element_count = 20

        def save_index(self, path):
            HNSWIndex.build(unit_vectors(20, 4)).graph.save_index(path)
            os.truncate(path, os.path.getsize(path) - 1)

    with pytest.raises(OSError, match="the graph was not written whole; is the disk full"):
        hnsw_index.save_whole(Full(), tmp_path / "graph", 4)
    assert not (tmp_path / "graph").exists()
    with pytest.raises(OSError, match="the graph was not written whole; is the disk full"):
        HNSWIndex(Full(), 4, 20, 10).save(tmp_path / "graph")
