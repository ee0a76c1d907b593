"""`minirag evaluate`: every number with the settings it was measured with."""

import json

from minirag.cli import run
from tests.cli.refusal import refusal


def evaluated(capsys, *arguments: object) -> list[dict]:
    assert run(["evaluate", "--json", "--num-beams", "1", *map(str, arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def test_both_models_are_judged_with_without_and_with_swapped_passages(capsys, tiny_folder):
    reports = evaluated(capsys, "--model", tiny_folder)
    assert [(report["setting"], report["settings"]["variant"]) for report in reports] == [
        (setting, variant) for setting in ("open-book", "closed-book", "swapped") for variant in ("token", "sequence")
    ]
    assert all(report["n"] == len(report["rows"]) == 8 for report in reports)


def test_a_report_carries_its_settings_and_every_prediction(capsys, tiny_folder):
    command = [
        "--model",
        tiny_folder,
        "--setting",
        "open-book",
        "--variant",
        "sequence",
        "--decoding",
        "fast",
        "--n-docs",
        2,
    ]
    (report,) = evaluated(capsys, *command)
    assert report["settings"] == {
        "variant": "sequence",
        "n_docs": 2,
        "num_beams": 1,
        "decoding": "fast",
        "index": "exact",
    }
    row = report["rows"][0]
    assert {"question", "answers", "gold", "prediction", "logprob", "passages", "exact_match", "f1"} == set(row)
    assert len(row["passages"]) == 2


def test_a_question_file_of_ones_own_is_asked_with_and_without_passages(capsys, tiny_folder, tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"question": "Who?", "answers": ["She"]}\n')
    reports = evaluated(capsys, "--model", tiny_folder, "--questions", tmp_path / "mine.jsonl", "--variant", "token")
    assert [report["setting"] for report in reports] == ["open-book", "closed-book"]
    assert reports[0]["recall_at_1"] is None


def test_a_limit_draws_the_same_questions_for_every_model(capsys, tiny_folder):
    reports = evaluated(capsys, "--model", tiny_folder, "--setting", "open-book", "--limit", 3)
    asked = [[row["question"] for row in report["rows"]] for report in reports]
    assert asked[0] == asked[1]
    assert len(asked[0]) == 3


def test_the_table_fits_80_columns_and_says_how_it_was_measured(capsys, tiny_folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["evaluate", "--model", str(tiny_folder), "--num-beams", "1", "--n-docs", "4"]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "RAG-Sequence: 4 passages, exact index, 1 beam, thorough decoding" in printed
    assert "RAG-Token: an empty passage, 1 beam, greedy decoding" in printed
    assert printed.count("swapped") == 2


def test_what_a_model_folder_lacks_is_named(capsys, tiny_folder, tmp_path):
    (tmp_path / "config.json").write_text((tiny_folder / "config.json").read_text())
    assert "questions.jsonl" in refusal(capsys, "evaluate", "--model", tmp_path)
    (tmp_path / "questions.jsonl").write_text((tiny_folder / "questions.jsonl").read_text())
    assert "facts.jsonl" in refusal(capsys, "evaluate", "--model", tmp_path, "--setting", "swapped")


def test_questions_of_ones_own_do_not_go_with_the_swapped_world(capsys, tiny_folder):
    command = ["evaluate", "--model", tiny_folder, "--setting", "swapped"]
    assert "--questions" in refusal(capsys, *command, "--questions", tiny_folder / "questions.jsonl")
    assert "--kb" in refusal(capsys, *command, "--kb", tiny_folder / "knowledge_base")
