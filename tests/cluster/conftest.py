"""One cluster of three nodes for all tests of this floor: starting one takes seconds."""

import pytest

pytest.importorskip("ray")

from tests.cluster.small_clusters import nodes


@pytest.fixture(scope="session")
def cluster():
    with nodes(3) as started:
        yield started
