"""`minirag index --workers`, `minirag shard`, and what searches and asks in shards: the same as in one piece."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")

from minirag.cli import run
from tests.cli.refusal import refusal


@pytest.fixture
def docs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for name in ("Ada", "Bob", "Carl", "Dora", "Emil"):
        (tmp_path / "docs" / f"{name}.txt").write_text(f"{name} keeps bees in the town of {name}ville.")
    return tmp_path


REPOSITORY = Path(__file__).resolve().parents[2]


def printed(capsys, *arguments):
    assert run([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def passages(capsys, *arguments):
    return json.loads(printed(capsys, *arguments, "--json"))["passages"]


def test_the_whole_way(cluster, docs, tiny_folder, capsys):
    made = printed(capsys, "index", "docs", "--out", "kb", "--model", tiny_folder, "--workers", "2")
    assert "kb: 5 passages, exact index" in made
    printed(capsys, "index", "docs", "--out", "alone", "--model", tiny_folder)
    assert (docs / "kb" / "vectors.safetensors").read_bytes() == (docs / "alone" / "vectors.safetensors").read_bytes()
    (docs / "docs" / "Fritz.txt").write_text("Fritz keeps bees, too.")
    again = printed(capsys, "index", "docs", "--out", "kb", "--model", tiny_folder, "--workers", "2")
    assert "6 passages, exact index (1 new, 0 removed" in again

    assert "shards: 6 passages in 3 shards" in printed(capsys, "shard", "kb", "--out", "shards", "--into", "3")
    asked = ("Who keeps bees?", "--model", tiny_folder)
    found, wanted = (passages(capsys, "search", *asked, "--kb", kb, "--k", "4") for kb in ("shards", "kb"))
    assert [passage["id"] for passage in found] == [passage["id"] for passage in wanted]
    assert [passage["score"] for passage in found] == pytest.approx([passage["score"] for passage in wanted], rel=1e-5)
    only = passages(capsys, "search", *asked, "--kb", "shards", "--source", "docs/B*")
    assert [passage["title"] for passage in only] == ["Bob"]
    answered, expected = (printed(capsys, "ask", *asked, "--kb", kb, "--json") for kb in ("shards", "kb"))
    assert json.loads(answered)["answer"] == json.loads(expected)["answer"]
    assert printed(capsys, "verify", "shards").count("2 passages, ") == 3
    assert "is not for shards" in refusal(capsys, "search", *asked, "--kb", "shards", "--index", "hybrid")
    assert "is not for shards" in refusal(capsys, "search", "bees", "--kb", "shards", "--index", "bm25")


def test_knowledge_bases_that_are_there_are_listed(docs, tiny_folder, capsys):
    for name in ("Ada", "Bob"):
        printed(capsys, "index", f"docs/{name}.txt", "--out", name, "--model", tiny_folder)
    assert "both: 2 passages in 2 shards" in printed(capsys, "shard", "Ada", "Bob", "--out", "both")
    assert "Ada: is a shard twice" in refusal(capsys, "shard", "Ada", "Ada", "--out", "twice")
    assert "1 passages cannot be cut into 2 shards" in refusal(capsys, "shard", "Ada", "--out", "halves")
    assert not (docs / "halves").exists()


def test_a_cluster_that_is_not_there(docs, tiny_folder):
    """In a process of its own: this one has a cluster."""
    address = "127.0.0.1:1"
    command = [sys.executable, "-c", "from minirag.cli import main; main()", "index", "docs", "--out", "kb"]
    named = {"RAY_ADDRESS": address, "PYTHONPATH": str(REPOSITORY)}
    tried = subprocess.run(
        [*command, "--model", str(tiny_folder), "--workers", "2"],
        env=os.environ | named,
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 2 and tried.stdout == ""
    assert tried.stderr.startswith(f"minirag: RAY_ADDRESS={address}: no cluster (") and tried.stderr.count("\n") == 1
    assert not (docs / "kb").exists()
