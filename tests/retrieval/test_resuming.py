"""Killed at any moment, a build goes on where it was and ends with the same bytes; a knowledge base is never half changed."""

import multiprocessing
import random
import shutil
import signal

import pytest

from minirag.retrieval import vectors_step
from minirag.retrieval.construction import build_knowledge_base, update_knowledge_base
from minirag.retrieval.knowledge_base import KnowledgeBase
from tests.retrieval.killed_build import child, work
from tests.retrieval.small_bases import FINGERPRINT, encode, some_passages

KILLS = 25
LONGEST = 0.6  # seconds; a whole build takes about one


@pytest.fixture(scope="module")
def processes():
    """Children that have imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.retrieval.killed_build", "hnswlib"])
    return context


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    """What comes out without any kill: the bytes of a new knowledge base, and of the changed one."""
    folder = tmp_path_factory.mktemp("reference") / "kb"
    found = {}
    for job in ("new", "change"):
        work(folder, job)
        found[job] = contents(folder)
    return found


def killed(processes, folder, job, seconds):
    """Was it killed before it had ended?"""
    process = processes.Process(target=child, args=(folder, job))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def whole_contents(folder):
    """The bytes of the files that its sidecar lists; {} where there is none. It opens, and is what it says."""
    if not folder.exists():
        return {}
    base = KnowledgeBase.open(folder, FINGERPRINT)
    base.verify()
    listed = [base.sidecar.path_of(folder, name).name for name in base.sidecar.files]
    return {name: (folder / name).read_bytes() for name in [*listed, "knowledge_base.json"]}


def put(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(text)


@pytest.mark.parametrize("job", ["new", "change"])
def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path, processes, references, job):
    """25 times each, in the midst of it or when all is done but the tidying up."""
    before, after = {} if job == "new" else references["new"], references[job]
    moments, folder, kills, resumed = random.Random(0), tmp_path / "kb", 0, 0
    put(folder, before)
    while kills < KILLS:
        resumed += (tmp_path / ".kb.building" / "state.json").exists()
        kills += killed(processes, folder, job, moments.uniform(0.02, LONGEST))
        found = whole_contents(folder)
        assert found in (before, after)
        if found == after:
            put(folder, before)  # and once more
    assert resumed > 5
    work(folder, job)
    assert contents(folder) == after
    assert [path.name for path in tmp_path.iterdir()] == ["kb"]


def interrupted(after):
    """An encoder that is stopped after so many passages."""
    left = [after]

    def encoder(passages):
        left[0] -= len(passages)
        if left[0] < 0:
            raise KeyboardInterrupt
        return encode(passages)

    return encoder


def counted(seen):
    def encoder(passages):
        seen.append(len(passages))
        return encode(passages)

    return encoder


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(vectors_step, "SORTED_TOGETHER", 8)
    monkeypatch.setattr("minirag.retrieval.building.SORTED_TOGETHER", 8)


def build(folder, encoder, documents="the same", count=40, **settings):
    return build_knowledge_base(
        folder, some_passages(count), encoder, FINGERPRINT, batch_size=4, resume_as=documents, **settings
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_what_was_encoded_is_not_encoded_again(tmp_path, small_steps, dtype):
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "kb", interrupted(21), dtype=dtype)
    seen, told = [], []
    build(tmp_path / "kb", counted(seen), announce=told.append, dtype=dtype)
    assert sum(seen) == 1 + 40 - 16 and told[0].encoded == 16  # one tells the dimension
    build(tmp_path / "whole", encode, dtype=dtype)
    assert contents(tmp_path / "kb") == contents(tmp_path / "whole")


def test_other_documents_are_begun_from_the_beginning(tmp_path, small_steps):
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "kb", interrupted(21))
    seen = []
    assert list(build(tmp_path / "kb", counted(seen), "others", 30).store) == some_passages(30)
    assert sum(seen) == 31


def test_without_a_name_for_the_documents_nothing_stays(tmp_path, small_steps):
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "kb", interrupted(21), documents=None)
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_a_base_that_was_changed_meanwhile_begins_anew(tmp_path, small_steps):
    """Nothing was computed for the base as it is now."""
    build(tmp_path / "kb", encode, count=10)
    change = (lambda source: False, some_passages(40))
    with pytest.raises(KeyboardInterrupt):
        update_knowledge_base(tmp_path / "kb", *change, interrupted(21), FINGERPRINT, batch_size=4, resume_as="x")
    build(tmp_path / "kb", encode, documents="y", count=12, overwrite=True)
    seen = []
    base, changes = update_knowledge_base(
        tmp_path / "kb", *change, counted(seen), FINGERPRINT, batch_size=4, resume_as="x"
    )
    assert sum(seen) == 28 == len(changes.new_rows()) and len(base) == 40
