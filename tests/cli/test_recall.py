"""`minirag recall`, and an encoder's own folder as the model of `minirag index`."""

import json

import pytest

from minirag.cli import run
from tests.cli.refusal import refusal
from tests.minilm import FOLDER

DOCUMENTS = [
    ("Mongolia", "Its capital is Ulaanbaatar, and nomads herd sheep on its steppe."),
    ("Malta", "The islands lie in the Mediterranean; people pay in euro."),
    ("Photosynthesis", "Plants turn light, water and carbon dioxide into sugar."),
    ("", "A violin has four strings and is played with a bow. " * 20),
]
QUESTIONS = ["Where do herders live on the grassland?", "How do leaves feed a tree?", "string instruments"]
GOLD = ["p0", "p2", "p3"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Documents, questions, and a knowledge base made by MiniLM."""
    folder = tmp_path_factory.mktemp("openqa")
    rows = [{"id": f"p{n}", "title": title, "text": text} for n, (title, text) in enumerate(DOCUMENTS)]
    (folder / "passages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = zip(QUESTIONS, GOLD, strict=True)
    lines = [json.dumps({"question": question, "answers": ["?"], "gold": [gold]}) + "\n" for question, gold in asked]
    (folder / "questions.jsonl").write_text("".join(lines))
    command = ["index", str(folder / "passages.jsonl"), "--whole", "--out", str(folder / "kb"), "--model", str(FOLDER)]
    assert run([*command, "--index", "hnsw"]) == 0
    return folder


def recall(capsys, place, *options):
    command = ["recall", "--kb", place / "kb", "--questions", place / "questions.jsonl", "--model", FOLDER, *options]
    assert run([str(word) for word in command]) == 0
    return capsys.readouterr().out


def test_a_pretrained_encoder_finds_what_shares_no_word_with_the_question(capsys, place):
    options = ["--index", "exact", "--index", "hnsw", "--index", "bm25", "-k", "1", "-k", "4"]
    reports = json.loads(recall(capsys, place, *options, "--json"))
    assert [(report["index"], report["passages"], report["n"]) for report in reports] == [
        ("exact", 4, 3),
        ("hnsw", 4, 3),
        ("bm25", 4, 3),
    ]
    assert reports[0]["top"] == reports[1]["top"] == {"1": 1.0, "4": 1.0}
    assert reports[2]["top"]["4"] < 1.0


def test_the_table_has_a_row_for_each_index_and_says_over_what(capsys, place):
    printed = recall(capsys, place)
    assert [line.split()[0] for line in printed.splitlines()] == ["gold", "exact", "bm25", "3"]
    assert "top 1" in printed and "top 100" in printed and "3 questions over 4 passages" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_the_demo_is_measured_with_its_own_question_encoder(capsys, tiny_folder):
    command = ["recall", "--kb", tiny_folder / "knowledge_base", "--questions", tiny_folder / "questions.jsonl"]
    assert run([*map(str, command), "--model", str(tiny_folder), "-k", "4", "--json"]) == 0
    assert [report["top"] for report in json.loads(capsys.readouterr().out)] == [{"4": 1.0}, {"4": 1.0}]


def test_bm25_alone_opens_no_model(capsys, place):
    command = ["recall", "--kb", place / "kb", "--questions", place / "questions.jsonl", "--model", "nowhere"]
    assert run([*map(str, command), "--index", "bm25"]) == 0


def test_an_encoder_alone_is_not_recommended_for_asking(capsys, place, tmp_path):
    documents = str(place / "passages.jsonl")
    assert run(["index", documents, "--out", str(tmp_path / "kb"), "--model", str(FOLDER)]) == 0
    printed = capsys.readouterr().out
    assert "5 passages, exact index" in printed and "minirag ask" not in printed  # the long text is split in two


def test_what_is_wrong_is_said_on_one_line(capsys, place, tiny_folder, tmp_path):
    known = ["recall", "--kb", place / "kb", "--questions", place / "questions.jsonl"]
    assert "another context encoder" in refusal(capsys, *known, "--model", tiny_folder)
    assert "nowhere" in refusal(capsys, *known, "--model", "nowhere")
    assert "index='faiss'" in refusal(capsys, *known, "--index", "faiss", "--model", FOLDER)
    assert "-k" in refusal(capsys, *known, "-k", "many")
    unknown = tmp_path / "unknown.jsonl"
    unknown.write_text('{"question": "Who?", "answers": ["x"], "gold": ["p9"]}\n')
    assert "'p9'" in refusal(capsys, "recall", "--kb", place / "kb", "--questions", unknown, "--index", "bm25")
