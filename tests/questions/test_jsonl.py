"""Questions one a line: what is read, and the line that is named when it cannot be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.questions.question import Question
from minirag.questions.reading import read_questions
from minirag.retrieval.passages import Passage

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(text, st.lists(text, min_size=1), st.lists(text)), min_size=1, max_size=4))
def test_questions_come_back_as_they_were_written(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("questions") / "questions.jsonl"
    lines = [json.dumps({"question": q, "answers": a, "gold": g, "x": 0}, ensure_ascii=False) for q, a, g in rows]
    file.write_text("\n".join(lines) + "\n\n", encoding="utf-8", newline="")
    assert read_questions(file) == [Question(q, tuple(a), tuple(g)) for q, a, g in rows]


def test_gold_may_be_missing_and_a_byte_order_mark_may_stand_in_front(tmp_path):
    file = tmp_path / "q.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"question": "who?", "answers": ["she"]}\r\n')
    assert read_questions(file) == [Question("who?", ("she",))]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"\xff", "is not UTF-8"),
        (b'{"answers": ["a"]}', '"question" must be a text'),
        (b'{"question": "  ", "answers": ["a"]}', '"question" must be a text'),
        (b'{"question": "q"}', '"answers" holds no answer'),
        (b'{"question": "q", "answers": "a"}', '"answers" must be a list of texts'),
        (b'{"question": "q", "answers": ["a", " "]}', '"answers" holds an empty answer'),
        (b'{"question": "q", "answers": ["a"], "gold": [3]}', '"gold" must be a list of passage ids or passages'),
        (b'{"question": "q", "answers": ["a"], "gold": "p1"}', '"gold" must be a list'),
        (b'{"question": "q", "answers": ["a"], "negatives": [{"title": "t"}]}', '"negatives": "text" must be a text'),
        (b'{"question": "q", "answers": ["\\ud800"]}', '"answers" holds half a character'),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, line, fault):
    file = tmp_path / "q.jsonl"
    file.write_bytes(b'{"question": "q", "answers": ["a"]}\n\n' + line + b"\n")
    with pytest.raises(ValueError, match=rf"q\.jsonl:3: {fault}"):
        read_questions(file)


def test_passages_are_named_by_id_or_written_out(tmp_path):
    record = {
        "question": "q",
        "answers": ["a"],
        "gold": ["p1", {"text": "says a"}],
        "negatives": [{"id": 7, "title": "T", "text": "says b"}, "p2"],
    }
    (tmp_path / "q.jsonl").write_text(json.dumps(record))
    (question,) = read_questions(tmp_path / "q.jsonl")
    assert question.gold == ("p1",)
    assert [passage.text for passage in question.positives] == ["says a"]
    assert question.negatives == (Passage("7", "T", "says b"),)
    assert question.negative_ids == ("p2",)


def test_nq_open_has_its_answers_under_another_name(tmp_path):
    (tmp_path / "nq.jsonl").write_text('{"question": "where did they film", "answer": ["Georgia", "Vancouver"]}\n')
    assert read_questions(tmp_path / "nq.jsonl") == [Question("where did they film", ("Georgia", "Vancouver"))]


def test_a_file_without_questions_is_refused(tmp_path):
    (tmp_path / "q.jsonl").write_text("\n \n")
    with pytest.raises(ValueError, match="holds no question"):
        read_questions(tmp_path / "q.jsonl")
    with pytest.raises(ValueError, match=r"missing\.jsonl: cannot be read"):
        read_questions(tmp_path / "missing.jsonl")
