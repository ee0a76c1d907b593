import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.sidecar import CHUNK, Sidecar, facts_of, read_sidecar, write_sidecar

FACTS = {"size": 1, "sha256": "0"}
EXACT = Sidecar(
    count=3,
    dimension=2,
    dtype="float16",
    fingerprint="f",
    index={"kind": "exact"},
    files={"passages.sqlite": FACTS, "vectors.safetensors": FACTS},
)
HNSW = replace(EXACT, index={"kind": "hnsw", "ef": 10}, files={**EXACT.files, "index.hnsw": FACTS})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sidecar")


@given(
    st.sampled_from([EXACT, HNSW]), st.integers(1), st.integers(1), st.text(), st.sampled_from(["float16", "float32"])
)
def test_what_was_written_is_read(folder, sidecar, count, dimension, fingerprint, dtype):
    written = replace(sidecar, count=count, dimension=dimension, fingerprint=fingerprint, dtype=dtype)
    write_sidecar(folder, written)
    assert read_sidecar(folder) == written


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK + 1])
def test_the_facts_of_a_file_are_its_size_and_sha256(tmp_path, size):
    contents, parts = b"x" * size, []
    (tmp_path / "file").write_bytes(contents)
    assert facts_of(tmp_path / "file", parts.append) == {
        "size": size,
        "sha256": hashlib.sha256(contents).hexdigest(),
    }
    assert sum(parts) == size
