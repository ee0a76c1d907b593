"""minirag train dpr: two encoders that index and recall open, the same whether the run was stopped or not."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from minirag.cli import run
from tests.cli.small_openqa import small_openqa

SIZES = ["--layers", "1", "--width", "16", "--heads", "2", "--vocab-size", "150"]
SMALL = [*SIZES, "--batch-size", "5", "--warmup", "2", "--learning-rate", "0.01"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Questions with negatives, and their base."""
    folder = small_openqa(tmp_path_factory.mktemp("openqa"))
    words = ["mine", "--kb", folder / "kb", "--questions", folder / "questions.jsonl", "--out", folder / "mined.jsonl"]
    assert run([str(word) for word in words]) == 0
    return folder


def train(place, out: str, *options) -> list[str]:
    words = ["train", "dpr", "--kb", place / "kb", "--questions", place / "mined.jsonl", "--out", place / out]
    return [str(word) for word in [*words, *SMALL, *options]]


def weights(folder) -> dict[str, torch.Tensor]:
    names = ("question_encoder", "ctx_encoder")
    return {f"{n}.{k}": t for n in names for k, t in load_file(folder / n / "model.safetensors").items()}


def recall_of(place, model, capsys) -> float:
    """Index the passages with a trained model, and ask for its recall at 1."""
    out = model.with_name(model.name + "-kb")
    assert run(["index", str(place / "passages.jsonl"), "--whole", "--out", str(out), "--model", str(model)]) == 0
    capsys.readouterr()
    words = ["recall", "--kb", out, "--questions", place / "questions.jsonl", "--model", model, "-k", "1", "--json"]
    assert run([str(word) for word in [*words, "--index", "exact"]]) == 0
    return json.loads(capsys.readouterr().out)[0]["top"]["1"]


@pytest.mark.parametrize("towers", ["1", "2"])
def test_a_retriever_is_learned_from_nothing_and_found_by_index_and_recall(place, capsys, towers):
    options = ["--steps", "40", "--dev", place / "questions.jsonl", "--measure-every", "20", "--towers", towers]
    assert run(train(place, f"learned{towers}", *options, "--dropout", "0")) == 0
    printed = capsys.readouterr().out
    assert "40 steps = 40.0 epochs" in printed and "recall_at_5" in printed
    assert recall_of(place, place / f"learned{towers}", capsys) == 1.0
    own = weights(place / f"learned{towers}")
    name = next(
        name for name in own if name.startswith("question_encoder.") and name.endswith("word_embeddings.weight")
    )
    twin = name.replace("question_encoder", "ctx_encoder")
    assert torch.equal(own[name], own[twin]) == (towers == "1")


def test_questions_and_text_are_learned_from_together_with_a_rate_for_the_words_alone(place):
    options = ["--text", place / "passages.jsonl", "--cloze", "words", "--cloze-questions", "2", "--pooling", "mean"]
    frozen = ["--cosine", "--warmup", "1", "--weight-decay", "0", "--learning-rate", "1e-30"]
    assert run(train(place, "words", *options, *frozen, "--steps", "1", "--embedding-learning-rate", "0.1")) == 0
    assert run(train(place, "still", *options, *frozen, "--steps", "1")) == 0
    learned, still = weights(place / "words"), weights(place / "still")
    moved = {name for name in learned if not torch.allclose(learned[name], still[name])}
    assert len(moved) == 2 and all(name.endswith("word_embeddings.weight") for name in moved)


def test_text_alone_is_enough_although_two_of_its_objects_share_a_line(place):
    lines = (place / "passages.jsonl").read_text().splitlines()
    glued = place / "glued.jsonl"
    glued.write_text("".join(lines[:4]) + "\n" + "\n".join(lines[4:]) + "\n")
    options = ["train", "dpr", *SMALL, "--epochs", "1", "--text", glued, "--out", place / "text"]
    assert run([str(word) for word in options]) == 0
    written = (place / "text.training" / "metrics.jsonl").read_text().splitlines()
    assert (
        len(written) == len(lines) // 5
    )  # batches of 5: the objects of the shared line are paragraphs like all others


def test_a_line_of_text_that_cannot_be_read_is_told_before_the_first_step(place, capsys):
    bad = place / "bad.jsonl"
    bad.write_text((place / "passages.jsonl").read_text() + '{"title": "no text at all"}\n')
    assert run([str(word) for word in ["train", "dpr", *SMALL, "--text", bad, "--out", place / "bad"]]) == 2
    assert 'bad.jsonl:11: not a JSON object with a "text"' in capsys.readouterr().err
    assert not (place / "bad.training").exists()


def test_a_run_that_was_killed_goes_on_to_the_same_weights_bit_for_bit(place, capsys):
    options = ["--steps", "12", "--checkpoint-every", "3"]
    assert run(train(place, "whole", *options)) == 0
    shutil.copytree(place / "whole.training" / "tokenizer", place / "killed.training" / "tokenizer")
    command = "import sys; from minirag.cli import run; sys.exit(run(sys.argv[1:]))"
    child = subprocess.Popen([sys.executable, "-c", command, *train(place, "killed", *options)])
    checkpoint = place / "killed.training" / "checkpoint.safetensors"
    while not checkpoint.exists() and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert run(train(place, "killed", *options)) == 0
    whole, killed = weights(place / "whole"), weights(place / "killed")
    assert whole.keys() == killed.keys() and all(torch.equal(whole[name], killed[name]) for name in whole)
