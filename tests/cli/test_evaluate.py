"""`minirag evaluate`: every number with the settings it was measured with."""

import json
import re

from minirag.cli import run
from tests.cli.refusal import refusal
from tests.tiny_folder import write_tiny_folder


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
    checkpoint = report["settings"].pop("checkpoint")
    assert re.fullmatch(f"{tiny_folder.name} [0-9a-f]{{8}}", checkpoint)
    assert report["settings"] == {
        "variant": "sequence",
        "n_docs": 2,
        "num_beams": 1,
        "decoding": "fast",
        "index": "exact",
    }
    row = report["rows"][0]
    asked, judged = {"question", "answers", "gold"}, {"exact_match", "f1", "gold_rank", "answer_rank", "r_precision"}
    assert asked | judged | {"prediction", "logprob", "passages"} == set(row)
    assert len(row["passages"]) == 2


def test_a_question_file_of_ones_own_is_asked_with_and_without_passages(capsys, tiny_folder, tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"question": "Who?", "answers": ["She"]}\n')
    reports = evaluated(capsys, "--model", tiny_folder, "--questions", tmp_path / "mine.jsonl", "--variant", "token")
    assert [report["setting"] for report in reports] == ["open-book", "closed-book"]
    assert "recall_at_1" not in reports[0]["measures"] and "answer_in_top_1" in reports[0]["measures"]


def test_bm25_stands_in_for_the_question_encoder(capsys, tiny_folder):
    command = ["--model", tiny_folder, "--setting", "open-book", "--variant", "token", "--n-docs", 2]
    (dense,), (sparse,) = (evaluated(capsys, *command, "--retriever", name) for name in ("dense", "bm25"))
    assert (dense["settings"]["index"], sparse["settings"]["index"]) == ("exact", "bm25")
    assert sparse["measures"]["recall_at_1"]["mean"] == 1.0  # every passage names its country


def test_both_variants_of_a_folder_have_the_same_weights_and_another_folder_has_others(capsys, tiny_folder, tmp_path):
    other = write_tiny_folder(tmp_path / "other", seed=1)
    command = ["--setting", "closed-book", "--limit", 1]
    reports = [each for folder in (tiny_folder, other) for each in evaluated(capsys, "--model", folder, *command)]
    checkpoints = [report["settings"]["checkpoint"].split()[-1] for report in reports]
    assert checkpoints[0] == checkpoints[1] != checkpoints[2] == checkpoints[3]


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
    assert printed.count("swapped") == 3  # twice above, once below
    assert "checkpoint: " in printed and "answer in top 1" in printed and "±" in printed


def test_what_a_model_folder_lacks_is_named(capsys, tiny_folder, tmp_path):
    (tmp_path / "config.json").write_text((tiny_folder / "config.json").read_text())
    assert "questions.jsonl" in refusal(capsys, "evaluate", "--model", tmp_path)
    (tmp_path / "questions.jsonl").write_text((tiny_folder / "questions.jsonl").read_text())
    assert "facts.jsonl" in refusal(capsys, "evaluate", "--model", tmp_path, "--setting", "swapped")


def test_questions_of_ones_own_do_not_go_with_the_swapped_world(capsys, tiny_folder):
    command = ["evaluate", "--model", tiny_folder, "--setting", "swapped"]
    assert "--questions" in refusal(capsys, *command, "--questions", tiny_folder / "questions.jsonl")
    assert "--kb" in refusal(capsys, *command, "--kb", tiny_folder / "knowledge_base")
