"""`minirag search`: passages for questions, by every kind of search, for people and for other programs."""

import json

import pytest

from minirag.cli import run
from tests.cli.refusal import refusal
from tests.cli.small_openqa import small_openqa

KINDS = pytest.mark.parametrize("kind", ["exact", "bm25", "hybrid"])


def found(capsys, *arguments: object) -> list[dict]:
    """One object for each question."""
    assert run(["search", *map(str, arguments), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return [json.loads(line) for line in printed.out.splitlines()]


@pytest.fixture(scope="module")
def towns(tmp_path_factory):
    return small_openqa(tmp_path_factory.mktemp("towns"))


@KINDS
def test_the_object_has_the_documented_shape(capsys, tiny_folder, kind):
    (answer,) = found(capsys, "capital of São Tomé?", "--model", tiny_folder, "--index", kind, "--k", 2)
    assert (answer["question"], answer["index"]) == ("capital of São Tomé?", kind)
    assert [list(p) for p in answer["passages"]] == [["rank", "score", "id", "title", "text"]] * 2
    assert [p["rank"] for p in answer["passages"]] == [1, 2]
    assert answer["passages"][0]["score"] >= answer["passages"][1]["score"]


def test_the_search_is_that_of_the_knowledge_base_unless_said_otherwise(capsys, tiny_folder):
    (own,) = found(capsys, "Who?", "--model", tiny_folder)
    assert own["index"] == "exact"
    assert run(["ask", "Who?", "--model", str(tiny_folder), "--n-docs", "9", "--num-beams", "1", "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    assert [p["id"] for p in own["passages"]] == [p["id"] for p in asked["passages"]]


def test_words_open_no_model(capsys, towns):
    asked = ["Oslo, Norway", "--kb", towns / "kb", "--index", "bm25", "--model", "nowhere"]
    assert [p["id"] for p in found(capsys, *asked, "--k", 5)[0]["passages"]] == ["oslo", "norway"]


def test_several_questions_and_those_of_a_file_are_answered_in_their_order(capsys, towns):
    command = ["Lima?", "Rome?", "--questions", towns / "questions.jsonl", "--kb", towns / "kb", "--index", "bm25"]
    answers = found(capsys, *command, "-k", 1)
    assert [a["question"] for a in answers[:3]] == ["Lima?", "Rome?", "What is the capital of Switzerland?"]
    lands = ["switzerland", "norway", "italy", "egypt", "peru"]  # their names stand in title and text
    assert [a["passages"][0]["id"] for a in answers] == ["lima", "rome", *lands]


@KINDS
def test_only_passages_of_a_title_are_found(capsys, tiny_folder, kind):
    options = ["--model", tiny_folder, "--index", kind, "--title", "M*"]
    (answer,) = found(capsys, "capital of Malta and Mongolia", *options)
    assert {p["title"] for p in answer["passages"]} == {"Malta", "Mongolia"}
    assert found(capsys, "capital", *options[:-1], "nothing")[0]["passages"] == []


def test_the_weight_of_the_words_is_heard(capsys, tiny_folder):
    for share, kind in ((0, "exact"), (1, "bm25")):
        options = ["capital of Malta", "--model", tiny_folder, "-k", 3, "--fusion", "rrf", "--bm25-share", share]
        hybrid, alone = (found(capsys, *options, "--index", each)[0]["passages"] for each in ("hybrid", kind))
        assert [p["id"] for p in hybrid] == [p["id"] for p in alone]


def test_the_screen_shows_rank_score_passage_and_id_in_80_columns(capsys, towns, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    command = ["search", "--kb", str(towns / "kb"), "--index", "bm25", "--k", "1"]
    assert run([*command, "Is Cairo the capital of Egypt?"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["rank", "score", "passage", "id"]
    assert lines[1][0] == "1" and lines[1][-2:] == ["Cairo", "cairo"]
    assert lines[2] == ["Cairo", "is", "the", "capital", "of", "Egypt."]
    assert run([*command, "Egypt", "[bold]\x1b[2Jzebra"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Egypt") and printed.endswith("[bold]\\x1b[2Jzebra\nnothing found\n")
    assert max(map(len, printed.splitlines())) <= 80 and "\x1b" not in printed


def test_what_is_wrong_is_said_on_one_line(capsys, towns, tiny_folder, tmp_path):
    kb = ["--kb", towns / "kb"]
    assert "give a question, or a file of them with --questions" in refusal(capsys, "search", *kb)
    assert "question 2 is empty" in refusal(capsys, "search", "Lima?", " ", *kb, "--index", "bm25")
    assert "another context encoder" in refusal(capsys, "search", "q", *kb, "--model", tiny_folder)
    assert "has no hnsw index" in refusal(capsys, "search", "q", "--model", tiny_folder, "--index", "hnsw")
    assert "does not say which files" in refusal(capsys, "search", "q", *kb, "--index", "bm25", "--source", "a.txt")
    assert "--bm25-share" in refusal(capsys, "search", "q", *kb, "--bm25-share", "2")
    assert "give one with --kb" in refusal(capsys, "search", "q", "--model", tmp_path, "--index", "bm25")
    assert "is not a knowledge base" in refusal(capsys, "search", "q", "--kb", tmp_path, "--index", "bm25")
