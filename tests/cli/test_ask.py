"""`minirag ask`: the JSON that other programs read, the screen that people read, and text of any kind."""

import io
import json
import math
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.cli import run
from tests.cli.refusal import refusal


def asked(capsys, *arguments: object) -> dict:
    assert run(["ask", *map(str, arguments), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    return json.loads(printed.out)


@pytest.mark.parametrize("variant", ["token", "sequence"])
def test_the_object_has_the_documented_shape(capsys, tiny_folder, variant):
    question = "What is the capital of São Tomé?"
    answer = asked(capsys, question, "--model", tiny_folder, "--variant", variant, "--n-docs", 3, "--num-beams", 2)
    assert list(answer) == ["question", "answer", "logprob", "variant", "passages", "candidates", "token_posterior"]
    assert answer["question"] == question
    assert answer["variant"] == variant
    assert [list(p) for p in answer["passages"]] == [["id", "title", "text", "prior", "posterior", "places"]] * 3
    assert [list(c) for c in answer["candidates"]] == [["text", "logprob"]] * 2
    assert answer["candidates"][0] == {"text": answer["answer"], "logprob": answer["logprob"]}
    for token in answer["token_posterior"]:
        assert list(token) == ["token", "posterior"]
        assert len(token["posterior"]) == 3


@pytest.mark.parametrize("variant", ["token", "sequence"])
def test_priors_and_posteriors_are_distributions_and_a_probability_is_one(capsys, tiny_folder, variant):
    answer = asked(capsys, "Who?", "--model", tiny_folder, "--variant", variant)
    columns = [[p["prior"] for p in answer["passages"]], [p["posterior"] for p in answer["passages"]]]
    for column in columns + [token["posterior"] for token in answer["token_posterior"]]:
        assert sum(column) == pytest.approx(1.0, abs=1e-5)
    assert all(
        candidate["logprob"] <= 0.0 and math.isfinite(candidate["logprob"]) for candidate in answer["candidates"]
    )


def test_more_passages_wanted_than_there_are_gives_those_there_are(capsys, tiny_folder):
    assert len(asked(capsys, "Who?", "--model", tiny_folder, "--n-docs", 99)["passages"]) == 4


def test_the_screen_shows_answer_probability_and_passages_in_80_columns(capsys, tiny_folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["ask", "capital of Malta?", "--model", str(tiny_folder), "--n-docs", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "probability" in lines[0]
    assert "RAG-Token" in lines[0]
    assert any("Malta" in line for line in lines)
    assert max(map(len, lines)) <= 80


@settings(max_examples=15)
@given(text=st.text(min_size=1, max_size=30).filter(str.strip))
def test_no_question_brings_a_traceback_or_a_command_to_the_terminal(tiny_folder, text):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run(["ask", "--model", str(tiny_folder), "--num-beams", "1", "--", text])
    assert (status, err.getvalue()) == (0, "") or (status, err.getvalue().count("\n")) == (2, 1)
    assert "\x1b" not in out.getvalue() + err.getvalue()


@pytest.mark.parametrize(
    "text",
    ["👩‍🔬 ☢️?", "ما هي عاصمة منغوليا؟", "\x1b[2J\x07\x00?", "[bold]?[/bold]", "--", "-x", "a" * 2000, "half \ud83d?"],
)
def test_a_question_of_any_kind_comes_back_as_it_was_asked(capsys, tiny_folder, text):
    status = run(["ask", "--json", "--model", str(tiny_folder), "--num-beams", "1", "--", text])
    printed = capsys.readouterr()
    if status == 0:
        assert json.loads(printed.out)["question"] == text
    else:
        assert (status, printed.err.count("\n")) == (2, 1)


def test_the_variant_is_the_one_that_the_weights_were_trained_for(capsys, tiny_folder, tmp_path):
    from minirag.rag import RagSequenceForGeneration

    RagSequenceForGeneration.from_pretrained(tiny_folder).save_pretrained(tmp_path / "sequence")
    knowledge_base = tiny_folder / "knowledge_base"
    trained = asked(capsys, "Who?", "--model", tmp_path / "sequence", "--kb", knowledge_base)
    assert trained["variant"] == "sequence"
    wanted = asked(capsys, "Who?", "--model", tmp_path / "sequence", "--kb", knowledge_base, "--variant", "token")
    assert wanted["variant"] == "token"


def test_a_device_that_is_not_there_is_named(capsys, tiny_folder, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "--device cuda" in refusal(capsys, "ask", "q", "--model", tiny_folder, "--device", "cuda")
