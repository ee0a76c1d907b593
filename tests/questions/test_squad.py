"""SQuAD's files: every question with its paragraph; what no text answers is counted, not hidden."""

import json

import pytest

from minirag.questions.question import Question
from minirag.questions.reading import open_questions
from minirag.retrieval.passages import Passage


def asked(question: str, *texts: str, **more) -> dict:
    return {"id": "5733", "question": question, "answers": [{"text": t, "answer_start": 0} for t in texts], **more}


def article(title: str, *paragraphs) -> dict:
    return {"title": title, "paragraphs": [{"context": context, "qas": qas} for context, qas in paragraphs]}


def squad(path, *articles, first=True):
    whole = {"data": list(articles), "version": "1.1"} if first else {"version": "v2.0", "data": list(articles)}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


ONE = article("New_York", ("It is large.", [asked("How is it?", "large", "large", "It is large")]), ("Two.", []))
TWO = article(
    "Oslo", ("a", [asked("x?", "a")]), ("b", [asked("y?", "b"), asked("z?", is_impossible=True), asked("w?")])
)


@pytest.mark.parametrize("first", [True, False])
def test_every_question_comes_with_its_paragraph(tmp_path, first):
    questions = open_questions(squad(tmp_path / "s.json", ONE, TWO, first=first))
    assert list(questions) == [
        Question(
            "How is it?", ("large", "It is large"), positives=(Passage("New York#1", "New York", "It is large."),)
        ),
        Question("x?", ("a",), positives=(Passage("Oslo#1", "Oslo", "a"),)),
        Question("y?", ("b",), positives=(Passage("Oslo#2", "Oslo", "b"),)),
    ]
    assert questions[2].question == "y?"


def test_questions_that_no_text_answers_are_left_out_and_counted(tmp_path):
    assert open_questions(squad(tmp_path / "s.json", ONE, TWO)).skipped == 2
    assert open_questions(squad(tmp_path / "s.json", ONE)).skipped == 0


@pytest.mark.parametrize(
    ("faulty", "fault"),
    [
        (
            article("T", ("c", [asked("q?", "a"), asked("", "a")])),
            'article 2, paragraph 1, question 2: "question" must',
        ),
        (article("T", ("c", [asked("q?", " ")])), 'article 2, paragraph 1, question 1: "text" must be'),
        (article("T", ("", [])), 'article 2, paragraph 1: "context" must be'),
        ({"title": "T", "paragraphs": {}}, 'article 2: "paragraphs" must be a list'),
        ("T", "article 2: not a JSON object"),
    ],
)
def test_an_article_that_cannot_be_read_is_named(tmp_path, faulty, fault):
    with pytest.raises(ValueError, match=rf"s\.json: {fault}"):
        open_questions(squad(tmp_path / "s.json", ONE, faulty))
