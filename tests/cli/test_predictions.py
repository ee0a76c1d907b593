"""`minirag evaluate --predictions` and `--rows`: answers from elsewhere, and answers for elsewhere."""

import json

from minirag.cli import run
from tests.cli.refusal import refusal

QUESTIONS = '{"question": "Who?", "answers": ["She"]}\n{"question": "Where?", "answers": ["Bern"]}\n'


def test_predictions_are_judged_without_a_model(capsys, tmp_path):
    (tmp_path / "q.jsonl").write_text(QUESTIONS)
    (tmp_path / "p.txt").write_text("she\nOslo\n")
    command = ["evaluate", "--questions", str(tmp_path / "q.jsonl"), "--predictions", str(tmp_path / "p.txt")]
    assert run([*command, "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["setting"] == "predictions" and report["settings"] is None
    assert report["measures"]["exact_match"]["mean"] == 0.5
    assert run(command) == 0
    assert "elsewhere" in capsys.readouterr().out


def test_a_wrong_number_of_predictions_is_refused_with_both_numbers(capsys, tmp_path):
    (tmp_path / "q.jsonl").write_text(QUESTIONS)
    (tmp_path / "p.txt").write_text("she\n")
    command = ["evaluate", "--questions", tmp_path / "q.jsonl", "--predictions", tmp_path / "p.txt"]
    assert "p.txt: 1 predictions for 2 questions" in refusal(capsys, *command)
    for option in (["--setting", "open-book"], ["--variant", "token"], ["--retriever", "bm25"], ["--limit", 1]):
        assert f"{option[0]}" in refusal(capsys, *command, *option)


def test_rows_go_to_a_file_and_can_be_judged_again(capsys, tiny_folder, tmp_path):
    rows = tmp_path / "rows.jsonl"
    asked = ["evaluate", "--model", str(tiny_folder), "--json"]
    one = ["--setting", "open-book", "--variant", "token", "--num-beams", "1", "--rows", str(rows)]
    assert run([*asked, *one]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert "rows" not in report
    written = [json.loads(line) for line in rows.read_text("utf-8").splitlines()]
    assert len(written) == report["n"] == 8
    assert all(
        row["setting"] == "open-book" and row["variant"] == "token" and len(row["passages"]) > 0 for row in written
    )
    assert run([*asked, "--predictions", str(rows)]) == 0
    (again,) = json.loads(capsys.readouterr().out)
    assert again["measures"]["exact_match"] == report["measures"]["exact_match"]


def test_unanswerable_questions_are_counted_on_stderr(capsys, tiny_folder, tmp_path):
    qas = [{"question": "Who?", "answers": [{"text": "c"}]}, {"question": "Why?", "answers": [], "is_impossible": True}]
    squad = {"data": [{"title": "T", "paragraphs": [{"context": "c", "qas": qas}]}]}
    (tmp_path / "s.json").write_text(json.dumps(squad))
    (tmp_path / "p.txt").write_text("c\n")
    command = ["evaluate", "--questions", str(tmp_path / "s.json"), "--predictions", str(tmp_path / "p.txt"), "--json"]
    assert run(command) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)[0]["n"] == 1
    assert "s.json: 1 without an answer left out, 1 questions stay" in " ".join(shown.err.split())
