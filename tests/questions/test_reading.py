"""The kind of a file is found out; a file is a sequence that keeps no question."""

import gzip
import json
import tracemalloc

import pytest

from minirag.questions.reading import kind_of, open_questions, read_questions

RECORD = {"question": "who?", "answers": ["Ada", "she"]}
SQUAD = {
    "data": [{"title": "T", "paragraphs": [{"context": "c", "qas": [{"question": "q", "answers": [{"text": "c"}]}]}]}]
}
FILES = {
    "jsonl": json.dumps(RECORD),
    "nq-open": json.dumps({"question": "who?", "answer": ["Ada"]}),
    "dpr": json.dumps([RECORD], indent=1),
    "squad": json.dumps(SQUAD, indent=2),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", FILES)
def test_the_kind_is_told_by_the_contents(tmp_path, kind, packed):
    contents = FILES[kind].encode()
    (tmp_path / "file").write_bytes(gzip.compress(contents) if packed else contents)
    assert kind_of(tmp_path / "file") == kind
    assert len(open_questions(tmp_path / "file")) == 1


def test_a_kind_that_is_said_is_not_looked_for(tmp_path):
    (tmp_path / "file").write_text(FILES["nq-open"])
    with pytest.raises(ValueError, match='file:1: "answers" holds no answer'):
        read_questions(tmp_path / "file", kind="jsonl")
    with pytest.raises(ValueError, match="kind='csv' is not one of jsonl, nq-open, dpr, squad, source-target"):
        read_questions(tmp_path / "file", kind="csv")


def test_a_file_is_a_sequence(tmp_path):
    lines = [json.dumps({"question": f"q{n}", "answers": ["a"] * (n % 3 + 1)}) for n in range(9)]
    (tmp_path / "q.jsonl").write_text("\n\n".join(lines))
    questions = open_questions(tmp_path / "q.jsonl")
    in_memory = read_questions(tmp_path / "q.jsonl")
    assert len(questions) == 9
    assert [questions[n] for n in range(9)] == list(questions) == in_memory
    assert questions[-1] == in_memory[-1] and questions[2:8:3] == in_memory[2:8:3]
    assert list(questions.answer_counts) == [len(question.answers) for question in in_memory]
    assert list(questions.lengths) == [2] * 9
    with pytest.raises(IndexError, match="no question 9 of 9"):
        questions[9]


@pytest.mark.parametrize("kind", ["jsonl", "dpr"])
def test_a_large_file_is_not_held_in_memory(tmp_path, kind):
    records = [{**RECORD, "positive_ctxs": [{"text": "x" * 20_000}]} for _ in range(200)]  # 4 MB
    text = json.dumps(records) if kind == "dpr" else "\n".join(map(json.dumps, records))
    (tmp_path / "file").write_text(text)
    del records, text
    tracemalloc.start()
    questions = open_questions(tmp_path / "file")
    _ = [questions[index] for index in (0, 199, 7)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_progress_counts_questions_while_they_are_checked(tmp_path):
    (tmp_path / "q.jsonl").write_text("\n".join([FILES["jsonl"]] * 2500))
    seen = []
    open_questions(tmp_path / "q.jsonl", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1000, 2500), (2000, 2500)]


@pytest.mark.parametrize("contents", ["", " \n", "[]", '{"data": []}'])
def test_a_file_of_nothing_is_refused(tmp_path, contents):
    (tmp_path / "file").write_text(contents)
    with pytest.raises(ValueError, match="file: holds no question"):
        open_questions(tmp_path / "file")
