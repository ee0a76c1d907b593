"""`minirag ask --plot`: a picture of one's own answer, or one line before the model is opened."""

import json
import sys

import pytest
from PIL import Image

from minirag.cli import run
from tests.cli.refusal import refusal


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_picture_is_drawn_and_the_answer_printed_as_without_it(capsys, tiny_folder, tmp_path, suffix):
    question = ["ask", "capital of Malta?", "--model", str(tiny_folder), "--json"]
    assert run(question) == 0
    without = capsys.readouterr()
    assert run([*question, "--plot", str(tmp_path / f"answer{suffix}")]) == 0
    assert capsys.readouterr() == without
    assert [path.name for path in tmp_path.iterdir()] == [f"answer{suffix}"]


def test_the_picture_says_in_words_what_was_asked_and_answered(capsys, tiny_folder, tmp_path):
    question = ["ask", "capital of Malta?", "--model", str(tiny_folder), "--json"]
    assert run([*question, "--plot", str(tmp_path / "answer.png")]) == 0
    answer = json.loads(capsys.readouterr().out)
    with Image.open(tmp_path / "answer.png") as picture:
        words = picture.info["Description"]
    assert words.startswith("Question: capital of Malta? Answer: ")
    best = max(answer["passages"], key=lambda passage: passage["posterior"])
    assert f"{best['title']} " in words
    assert f"{best['posterior']:.2f}" in words


@pytest.mark.parametrize("name", ["answer.jpg", "answer", "nowhere/answer.png"])
def test_a_place_that_cannot_take_a_picture_is_named_before_the_model_is_opened(capsys, tmp_path, name):
    line = refusal(capsys, "ask", "q", "--model", tmp_path / "no-model", "--plot", tmp_path / name)
    assert name in line
    assert "no-model" not in line


def test_without_matplotlib_one_line_names_the_extra(capsys, tmp_path, monkeypatch):
    for module in [name for name in sys.modules if name.startswith("minirag.plots")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("minirag.plots", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = refusal(capsys, "ask", "q", "--model", tmp_path / "no-model", "--plot", tmp_path / "answer.png")
    assert "'plots'" in line
    assert "no-model" not in line


def test_a_question_without_a_picture_needs_no_matplotlib(capsys, tiny_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run(["ask", "q", "--model", str(tiny_folder), "--json"]) == 0
    assert capsys.readouterr().err == ""
