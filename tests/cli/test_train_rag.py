"""`minirag train rag`: from a folder and questions to a folder that answers; what does not go together is one line."""

import json
import shutil

import pytest

from minirag.rag import RagSequenceForGeneration
from tests.cli.refusal import refusal

SMALL = ["--steps", "2", "--batch-size", "2", "--measure-every", "1", "--every", "1", "--n-docs", "2", "--warmup", "1"]


@pytest.fixture
def run(tiny_folder, tmp_path):
    from minirag.cli import run

    def train(*arguments):
        given = ["--model", tiny_folder, "--questions", tiny_folder / "questions.jsonl", "--out", tmp_path / "mine"]
        return run(["train", "rag", *map(str, [*given, *SMALL, *arguments])])

    return train


def metrics(place):
    return [json.loads(line) for line in (place / "mine.training" / "metrics.jsonl").read_text().splitlines()]


def test_a_folder_and_questions_become_a_folder_that_answers(run, tiny_folder, tmp_path, capsys):
    from minirag.cli import run as minirag

    assert run("--dev", tiny_folder / "questions.jsonl", "--likelihood", "both", "--question-encoder-rate", "1e-3") == 0
    printed = capsys.readouterr().out
    assert "rag 2/2: loss" in printed and "--model" in printed.splitlines()[-1]
    first, *_, last = metrics(tmp_path)
    assert {
        "nll_per_token",
        "uniform_nll_per_token",
        "exact_match",
        "distinct_passages",
        "posterior_kl",
    } <= first.keys()
    assert last["step"] == 2 and last["loss"] > 0
    assert minirag(["ask", "What is the capital of Malta?", "--model", str(tmp_path / "mine"), "--json"]) == 0


@pytest.mark.parametrize("arguments", [["--retriever", "frozen"], ["--retriever", "bm25"], ["--closed-book"]])
def test_the_rows_of_the_papers_tables_are_options(run, tiny_folder, tmp_path, capsys, arguments):
    assert run("--kb", tiny_folder / "knowledge_base", "--likelihood", "sequence", *arguments) == 0
    assert "ask it with --model" in capsys.readouterr().out
    kb = tiny_folder / "knowledge_base"
    assert RagSequenceForGeneration.from_pretrained(tmp_path / "mine", knowledge_base=kb).answer("Who?").passages


def test_end_to_end_the_finished_folder_has_a_knowledge_base_of_its_own(run, tmp_path, capsys):
    assert run("--end-to-end", "--reencode-every", "1", "--checkpoint-every", "1") == 0
    assert (tmp_path / "mine" / "knowledge_base" / "knowledge_base.json").is_file()
    assert "must be 1 to 5" in refusal_of(run, capsys, "--end-to-end", "--reencode-every", "5", "--steps", "3")


def refusal_of(run, capsys, *arguments):
    assert run(*arguments) == 2
    return capsys.readouterr().err


def test_the_demo_has_questions_of_its_own_to_train_on(tmp_path, capsys, tiny_folder):
    line = refusal(capsys, "train", "rag", "--model", tiny_folder, "--out", tmp_path / "mine")
    assert "none is left to train on" in line  # this one's are all for judging


def test_what_is_missing_or_does_not_go_together_is_one_line(run, tiny_folder, tmp_path, capsys):
    assert "end_to_end trains the retriever" in refusal_of(run, capsys, "--end-to-end", "--retriever", "bm25")
    assert "label_smoothing=2.0" in refusal_of(run, capsys, "--label-smoothing", "2")
    model = shutil.copytree(tiny_folder, tmp_path / "model")
    (model / "facts.jsonl").unlink()
    assert "give --questions" in refusal(capsys, "train", "rag", "--model", model, "--out", tmp_path / "mine")
