"""`minirag train bart`: from text alone or with questions, stopped and resumed, and what it says when something is missing."""

import pytest
import torch
from safetensors.torch import load_file

from minirag.cli import run
from minirag.training.bart.start import open_generator
from tests.small_tokenizers import byte_level
from tests.training.bart.small_course import write_questions, write_texts

SIZE = [
    "--layers",
    "1,1",
    "--width",
    "16",
    "--heads",
    "2",
    "--max-length",
    "80",
    "--batch-size",
    "4",
    "--device",
    "cpu",
]


@pytest.fixture
def command(tmp_path):
    """The options of a small training, but for --out and --steps."""
    byte_level().save_pretrained(tmp_path / "words")
    given = [
        "--text",
        write_texts(tmp_path),
        "--questions",
        write_questions(tmp_path),
        "--tokenizer",
        tmp_path / "words",
    ]
    return ["train", "bart", *map(str, given), *SIZE, "--dropout", "0.1", "--guidance", "1", "--matching", "0.5"]


def test_a_generator_is_trained_and_can_be_gone_on_from(command, tmp_path, capsys):
    assert run([*command, "--out", str(tmp_path / "a"), "--steps", "4", "--measure-every", "2"]) == 0
    printed = capsys.readouterr().out
    assert "denoise 20 %, spans 40 %, questions 40 %" in printed
    assert "guessing at random would score nll_per_token 5.99" in printed
    for name in ("nll_per_token", "nll_per_answer", "exact_match", "f1"):
        assert f"{name} " in printed.split("bart 2/4")[1]
    generator, _ = open_generator(tmp_path / "a")
    assert (generator.config.d_model, generator.config.dropout) == (16, 0.1)
    texts = ["--text", str(tmp_path / "texts.jsonl"), "--steps", "1"]
    again = ["train", "bart", "--start", str(tmp_path / "a"), *texts, "--out", str(tmp_path / "b")]
    assert run([*again, "--max-length", "80", "--device", "cpu"]) == 0


def test_stopped_and_resumed_it_ends_with_the_same_weights(command, tmp_path, monkeypatch):
    steps = ["--steps", "6", "--checkpoint-every", "2", "--measure-every", "3"]
    assert run([*command, *steps, "--out", str(tmp_path / "whole")]) == 0
    stop_after(5, monkeypatch)
    assert run([*command, *steps, "--out", str(tmp_path / "halves")]) == 130
    monkeypatch.undo()
    assert not (tmp_path / "halves").exists()
    assert run([*command, *steps, "--out", str(tmp_path / "halves")]) == 0
    whole, halves = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "halves"))
    assert all(torch.equal(tensor, halves[name]) for name, tensor in whole.items())


def stop_after(calls, monkeypatch):
    """Ctrl-C at a batch: the rehearsal draws two."""
    from minirag.training.bart import task

    seen, batch_at = [], task.batch_at

    def counted(course, step):
        seen.append(step)
        if len(seen) > calls + 2:
            raise KeyboardInterrupt
        return batch_at(course, step)

    monkeypatch.setattr(task, "batch_at", counted)


def test_a_vocabulary_is_learned_from_the_text_where_none_is_given(command, tmp_path):
    where = command.index("--tokenizer")
    without = command[:where] + command[where + 2 :]
    assert run([*without, "--vocabulary", "300", "--steps", "1", "--out", str(tmp_path / "a")]) == 0
    assert (tmp_path / "a.training" / "tokenizer" / "tokenizer.json").is_file()
    assert open_generator(tmp_path / "a")[0].config.vocab_size <= 300


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ([], "nothing to learn from"),
        (["--questions", "q.jsonl"], "needs a vocabulary"),
        (["--text", "t.jsonl", "--mix", "questions=1"], "there is nothing for questions"),
        (["--text", "t.jsonl", "--mix", "other=1"], "is not one of denoise, spans, questions"),
        (["--text", "t.jsonl", "--start", "none"], "none"),
    ],
)
def test_what_is_missing_is_said_in_one_line(options, fault, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_texts(tmp_path).rename("t.jsonl")
    write_questions(tmp_path).rename("q.jsonl")
    assert run(["train", "bart", "--out", "a", "--vocabulary", "300", *SIZE, *options]) == 2
    error = capsys.readouterr().err
    assert fault in error and error.count("\n") == 1
