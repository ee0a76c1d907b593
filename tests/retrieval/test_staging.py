import subprocess
import sys
from pathlib import Path

import pytest

from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.staging import STATE, WHOLE, empty, put_in_place, read_state, staging, write_state
from tests.retrieval.small_bases import encode, small_base, some_passages

HOLD = """
import sys, time
from pathlib import Path
from minirag.retrieval.staging import staging
with staging(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def another_process(tmp_path):
    """One that is writing tmp_path/kb."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "kb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def test_the_second_of_two_processes_is_told_and_nothing_is_harmed(tmp_path, another_process):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=r"kb: another process is writing this knowledge base$"):
        small_base(tmp_path / "kb")
    assert sorted(tmp_path.rglob("*")) == before


def test_when_the_first_is_killed_the_second_may_write(tmp_path, another_process):
    another_process.kill()
    another_process.wait()
    assert len(small_base(tmp_path / "kb", 3)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["kb"]


def test_what_can_be_gone_on_with_stays_and_all_else_goes(tmp_path):
    with staging(tmp_path / "kb") as place:
        (place / "half").write_text("x")
    assert list(tmp_path.iterdir()) == []
    with staging(tmp_path / "kb") as place:
        (place / WHOLE).mkdir()
        write_state(place, {"documents": "a"})
    with staging(tmp_path / "kb") as place:
        assert read_state(place) == {"documents": "a"} and (place / WHOLE).is_dir()
        empty(place)
        assert read_state(place) is None and [path.name for path in place.iterdir()] == ["lock"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_state_that_is_not_whole_is_none(tmp_path, text):
    (tmp_path / STATE).write_text(text)
    assert read_state(tmp_path) is None


def generations(folder: Path):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("index", ["exact", "hnsw"])
def test_a_knowledge_base_is_exchanged_for_the_next_generation_of_its_files(tmp_path, index):
    old = small_base(tmp_path / "kb", 20, index=index)
    small_base(tmp_path / "new", 30, index="exact")
    put_in_place(tmp_path / "new", tmp_path / "kb")
    assert generations(tmp_path / "kb") == ["knowledge_base.json", "passages.1.sqlite", "vectors.1.safetensors"]
    assert list(KnowledgeBase.open(tmp_path / "kb").store) == some_passages(30)
    assert list(old.store) == some_passages(20)  # who has it open keeps it, vectors and graph too
    assert old.search(encode(some_passages(20)), 1)[1][:, 0].tolist() == list(range(20))
    with pytest.raises(ValueError, match="was exchanged since it was opened"):
        old.verify()


def test_files_that_a_killed_process_put_in_place_are_in_nobodys_way(tmp_path):
    small_base(tmp_path / "kb", 5)
    for name in ("passages.1.sqlite", "vectors.7.safetensors", "index.1.hnsw", ".knowledge_base.json.partial"):
        (tmp_path / "kb" / name).write_text("half")
    KnowledgeBase.open(tmp_path / "kb").verify()
    assert len(small_base(tmp_path / "kb", 6, overwrite=True)) == 6
    assert generations(tmp_path / "kb") == ["knowledge_base.json", "passages.1.sqlite", "vectors.1.safetensors"]
