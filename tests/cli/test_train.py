"""`minirag train demo`: every stage with one command, in small, and the folder it ends in answers."""

import pytest

from tests.training.demo.test_stages import SMALL


@pytest.fixture
def small_recipe(monkeypatch, tiny_folder):
    monkeypatch.setattr("minirag.training.demo.recipe.Recipe", lambda: SMALL)
    monkeypatch.setattr("minirag.cli.opening.demo_folder", lambda: tiny_folder)


def test_one_command_trains_every_stage_and_a_second_call_only_writes_the_folder(small_recipe, tmp_path, capsys):
    from minirag.cli import run

    assert run(["train", "demo", "--out", str(tmp_path / "mine"), "--every", "1"]) == 0
    printed = capsys.readouterr().out
    for stage in ("dpr", "bart", "polish", "rag"):
        assert f"{stage} 3/3: loss" in printed
    assert run(["train", "demo", "--out", str(tmp_path / "mine")]) == 0
    assert "loss" not in capsys.readouterr().out
    assert run(["ask", "What is the capital of Malta?", "--model", str(tmp_path / "mine"), "--json"]) == 0


def test_vocabularies_are_learned_from_prose_where_it_is_given(small_recipe, tmp_path, capsys):
    from minirag.cli import run

    (tmp_path / "prose.txt").write_text("The capital of Malta is Valletta.\n" * 3)
    command = [
        "train",
        "demo",
        "--out",
        str(tmp_path / "mine"),
        "--text",
        str(tmp_path / "prose.txt"),
        "--stage",
        "dpr",
    ]
    assert run(command) == 0
    assert (tmp_path / "mine.training" / "generator_tokenizer" / "tokenizer.json").is_file()


def test_prose_that_is_no_utf_8_is_one_line(small_recipe, tmp_path, capsys):
    from minirag.cli import run

    (tmp_path / "prose.txt").write_bytes(b"\xff\xfe")
    assert run(["train", "demo", "--out", str(tmp_path / "mine"), "--text", str(tmp_path / "prose.txt")]) == 2
    assert "prose.txt: not UTF-8" in capsys.readouterr().err
