"""`minirag reproduce`: it says what it will do, does it once, and what does not go together is one line."""

import pytest

from tests.cli.refusal import refusal

TINY = ["--seeds", "1", "--steps", "1", "--batch-size", "2", "--n-docs", "2", "--dev-sample", "2"]


@pytest.fixture
def run(tiny_folder, tmp_path):
    from minirag.cli import run

    pytest.importorskip("matplotlib")
    questions = str(tiny_folder / "questions.jsonl")

    def reproduce(*arguments):
        given = ["--model", str(tiny_folder), "--train", questions, "--dev", questions, "--device", "cpu", *TINY]
        return run(["reproduce", *given, "--out", str(tmp_path / "out"), *arguments])

    return reproduce


def test_it_says_what_is_to_do_and_called_again_that_all_is_done(run, tmp_path, capsys):
    assert run("--only", "table1", "--report", str(tmp_path / "page"), "--title", "of a test") == 0
    first = capsys.readouterr().out
    assert first.startswith("table1: 3 fine-tunings of 3 steps in all, 3 evaluations of 6 questions, about ")
    assert (tmp_path / "page" / "report.md").read_text().startswith("# The paper's experiments: of a test\n")
    assert not (tmp_path / "out" / "report.md").exists()
    assert run("--only", "table1") == 0
    assert f"table1: all of it lies in {tmp_path / 'out'}" in capsys.readouterr().out
    assert run("--only", "table1", "--learning-rate", "0.1") == 2
    assert "was begun with learning_rate 2e-05, not 0.1" in capsys.readouterr().err


def test_the_demo_is_what_is_run_on_unless_questions_are_given(tiny_folder, tmp_path, monkeypatch, capsys):
    from minirag.cli.reproduce import opened_world

    monkeypatch.setattr("minirag.cli.opening.demo_folder", lambda: tiny_folder)
    monkeypatch.setattr("minirag.training.demo.questions.QUESTIONS_DRAWN", 4)
    world = opened_world(None, None, None, None, None, None)
    assert world.name == "demo" and len(world.train) == 4


def test_what_does_not_go_together_is_one_line(tiny_folder, tmp_path, capsys):
    out = ["reproduce", "--out", tmp_path / "out"]
    questions = tiny_folder / "questions.jsonl"
    assert "--kb goes with --train and --dev" in refusal(capsys, *out, "--kb", tiny_folder)
    assert "--train and --dev go together" in refusal(capsys, *out, "--train", questions)
    assert "steps=0 must be at least 1" in refusal(capsys, *out, "--steps", "0")
    own = [*out, "--model", tiny_folder, "--train", questions, "--dev", questions]
    assert "'hot-swap' swaps facts" in refusal(capsys, *own, "--only", "hot-swap")
    assert not (tmp_path / "out").exists()
