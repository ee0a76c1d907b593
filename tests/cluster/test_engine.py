"""Errors of processes are one line that names who it was; and Ray is not imported where it is not needed."""

import subprocess
import sys

import pytest

from minirag.cluster import engine


@pytest.mark.parametrize(
    ("error", "becomes", "line"),
    [
        (ValueError("the graph\n  is damaged"), ValueError, "shard 1: the graph is damaged"),
        (KeyError("x"), OSError, "shard 1: 'x'"),
        (OSError("disk full"), OSError, "shard 1: disk full"),
    ],
)
def test_an_error_is_one_line(error, becomes, line):
    said = engine.as_said(error, "shard 1")
    assert type(said) is becomes and str(said) == line


def test_why_a_process_died():
    begun = "The actor died because of an error raised in its creation task, A.__init__()\n  File x\nModuleNotFoundError: no y"
    assert engine.why_dead(Exception(begun)) == "ModuleNotFoundError: no y"
    assert engine.why_dead(Exception("The actor died unexpectedly.\n Owner: x")).startswith("its process died")


@pytest.mark.parametrize("count, cores", [(1, 1), (3, 1), (7, 1)])
def test_workers_share_the_cores_of_their_machine(cluster, count, cores):
    assert engine.cores_each(count) == cores


def test_workers_of_several_cores(monkeypatch):
    class TwoMachines:
        @staticmethod
        def nodes():
            machine = {"Alive": True, "Resources": {"CPU": 8.0}}
            return [machine, machine, {"Alive": False, "Resources": {"CPU": 1.0}}]

    monkeypatch.setattr(engine, "joined", lambda: TwoMachines)
    assert [engine.cores_each(count) for count in (1, 2, 3, 4, 16, 100)] == [8, 8, 4, 4, 1, 1]


def test_gpus_that_are_not_there(cluster):
    with pytest.raises(ValueError, match="2 workers need a GPU each, and the cluster has 0"):
        engine.start_processes(object, [(), ()], gpus=1)


def test_ray_is_imported_only_where_processes_are_started():
    loaded = "import sys, minirag.cluster.sharded_knowledge_base, minirag.cluster.encoding; print('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout.strip() == "False"


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"need Ray: pip install 'minirag\[ray\]'"):
        engine.joined()
