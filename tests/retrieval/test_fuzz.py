"""Whatever the files of a knowledge base hold, opening, searching and verifying it ends with its answer or with one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.retrieval.damaged_bases import check_damaged, check_edited, damages, edits, make_base

KINDS = ("exact", "hnsw")
GRAPHS = 200


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {kind: make_base(folder / kind, kind) for kind in KINDS}


@settings(max_examples=150)
@given(st.data(), st.sampled_from(KINDS), st.booleans())
def test_a_damaged_file_is_refused_or_changes_nothing(bases, data, kind, small):
    check_damaged(bases[kind], *data.draw(damages(bases[kind])), signed=False, small=small)


@settings(max_examples=150)
@given(st.data(), st.sampled_from(KINDS))
def test_a_damaged_file_whose_sums_are_right_is_refused_in_one_line_or_read(bases, data, kind):
    name, now = data.draw(damages(bases[kind]).filter(lambda damage: damage[0] != "index.hnsw"))
    check_damaged(bases[kind], name, now, signed=True, small=True)


@settings(max_examples=150)
@given(st.data(), st.sampled_from(KINDS), st.booleans())
def test_an_edited_sidecar_whose_sum_is_right_is_refused_in_one_line_or_read(bases, data, kind, small):
    check_edited(bases[kind], data.draw(edits(bases[kind])), small)


def test_a_damaged_graph_whose_sums_are_right_does_not_end_the_process(tmp_path):
    command = [sys.executable, "-m", "tests.retrieval.damaged_graphs", str(tmp_path), "0", str(GRAPHS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120)
    assert done.returncode == 0, f"graph {(tmp_path / 'done').read_text()}: {done.returncode} {done.stderr[-2000:]}"
