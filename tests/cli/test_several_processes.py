"""Commands under torchrun: what one process prints and writes, whole files from sharded models, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from minirag.cli import run
from minirag.cli.several_processes import check_device, first_one_first, first_one_speaks
from minirag.training.processes import ALONE, Processes
from tests.cli.refusal import refusal
from tests.cli.small_openqa import small_openqa
from tests.small_tokenizers import byte_level, word_piece
from tests.training.bart.small_course import write_texts

MINIRAG = [sys.executable, "-c", "from minirag.cli import main; main()"]
SMALL_ENCODER = ["--layers", "1", "--width", "16", "--heads", "2"]
SIZE = ["--layers", "1,1", "--width", "16", "--heads", "2", "--max-length", "80", "--dropout", "0", "--device", "cpu"]


@pytest.fixture
def command(tmp_path):
    byte_level().save_pretrained(tmp_path / "words")
    given = ["--text", str(write_texts(tmp_path)), "--tokenizer", str(tmp_path / "words")]
    return [
        "train",
        "bart",
        *given,
        *SIZE,
        "--batch-size",
        "4",
        "--steps",
        "3",
        "--accumulate",
        "2",
        "--warmup",
        "3",
        "--guidance",
        "1",
    ]


def torchrun(command: list[str]) -> str:
    start = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--standalone",
        "--no-python",
        "--",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([*start, *MINIRAG, *command], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def metrics_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("shard", [[], ["--shard", "--activation-checkpointing"]])
def test_two_processes_train_as_one_does_and_one_of_them_prints_and_writes(command, tmp_path, shard):
    printed = torchrun([*command, *shard, "--out", str(tmp_path / "two")])
    assert run([*command, "--out", str(tmp_path / "one")]) == 0
    assert printed.count("bart 3/3") == 1
    rows = {name: metrics_of(tmp_path / f"{name}.training") for name in ("one", "two")}
    assert [row["loss"] for row in rows["two"]] == pytest.approx([row["loss"] for row in rows["one"]], rel=1e-4)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, weight in one.items():
        if "k_proj.bias" not in name:  # its gradient is 0 but for rounding, which Adam makes as large as any
            torch.testing.assert_close(two[name], weight, rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--towers", "1"], ["--towers", "2", "--accumulate", "2"], ["--against-base"]])
def test_two_processes_that_each_keep_half_of_a_retriever_share_a_batch_of_five(tmp_path, options):
    folder = small_openqa(tmp_path)
    asked = [
        "--questions",
        str(folder / "questions.jsonl"),
        "--dev",
        str(folder / "questions.jsonl"),
        "--device",
        "cpu",
    ]
    steps = ["--batch-size", "5", "--dropout", "0", "--warmup", "1"]
    word_piece().save_pretrained(tmp_path / "words")
    words = ["--tokenizer", str(tmp_path / "words")]
    new = ["train", "dpr", *asked, *steps, "--kb", str(folder / "kb"), *SMALL_ENCODER, *words]
    command = [*new, *options, "--steps", "3"]
    if options == ["--against-base"]:
        start, base = str(tmp_path / "start"), str(tmp_path / "base")
        assert run([*new, "--steps", "1", "--out", start]) == 0
        assert run(["index", str(folder / "passages.jsonl"), "--whole", "--out", base, "--model", start]) == 0
        command = ["train", "dpr", *asked, *steps, "--kb", base, "--start", start, *options, "--steps", "3"]
    printed = torchrun([*command, "--shard", "--activation-checkpointing", "--out", str(tmp_path / "two")])
    assert printed.count("dpr 3/3") == 1
    assert run([*command, "--out", str(tmp_path / "one")]) == 0
    one, two = (metrics_of(tmp_path / f"{name}.training") for name in ("one", "two"))
    assert [row["loss"] for row in two] == pytest.approx([row["loss"] for row in one], rel=1e-4)
    for name in ("question_encoder", "ctx_encoder"):
        whole, sharded = (load_file(tmp_path / at / name / "model.safetensors") for at in ("one", "two"))
        assert {key: tensor.shape for key, tensor in sharded.items()} == {k: t.shape for k, t in whole.items()}


def test_alone_there_is_nobody_to_share_with(command, tmp_path, capsys):
    assert run([*command, "--shard", "--out", str(tmp_path / "one")]) == 2
    assert "--shard: there is one process only" in capsys.readouterr().err


@pytest.fixture
def one_of_two(monkeypatch):
    """This process believes that torchrun has started another one; nobody waits for it."""
    for name, value in {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("minirag.cli.several_processes.WAIT", 0.0)


def test_what_processes_cannot_share_is_refused_by_name(command, tmp_path, capsys, one_of_two):
    out = ["--out", tmp_path / "two"]
    assert "--batch-size 1: 2 processes share" in refusal(capsys, *command, *out, "--batch-size", "1")
    assert "--batch-size 3: with --shard" in refusal(capsys, *command, *out, "--batch-size", "3", "--shard")
    assert "--matching 0.5: does not go with" in refusal(capsys, *command, *out, "--matching", "0.5", "--shard")
    assert "train demo runs in one process" in refusal(capsys, "train", "demo", *out)
    with pytest.raises(ValueError, match="--device mps: several processes"):
        check_device(torch.device("mps"))


def test_who_has_lost_another_process_says_so_in_a_line(one_of_two):
    with pytest.raises(ValueError, match="another process of this training has ended"), first_one_speaks():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer")
    with pytest.raises(RuntimeError, match="a fault of ours"), first_one_speaks():
        raise RuntimeError("a fault of ours")


def test_only_the_first_process_is_heard(monkeypatch, capsys):
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        with first_one_speaks():
            sys.stdout.write(f"from {rank}\n")
            sys.stderr.write(f"bar of {rank}\n")
    heard = capsys.readouterr()
    assert (heard.out, heard.err) == ("from 0\n", "bar of 0\n")


def test_the_first_process_goes_in_before_the_others(monkeypatch):
    order = []
    monkeypatch.setattr(Processes, "sum", lambda self, x: order.append(f"{self.rank} meets") or x)
    for rank in (1, 0):
        with first_one_first(Processes(rank, 2)):
            order.append(f"{rank} in")
    assert order == ["1 meets", "1 in", "0 in", "0 meets"]
    with first_one_first(ALONE):
        pass
