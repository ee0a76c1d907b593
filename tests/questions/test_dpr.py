"""DPR's files: positives, hard negatives, and the record that is named when it cannot be read."""

import json

import pytest

from minirag.questions.reading import open_questions, read_questions
from minirag.retrieval.passages import Passage


def context(number: int, **more) -> dict:
    return {"title": f"T{number}", "text": f"text {number}", "score": 1.5, "passage_id": str(number), **more}


def record(number: int, **more) -> dict:
    filled = {"positive_ctxs": [context(1)], "negative_ctxs": [context(2)], "hard_negative_ctxs": [context(3)]}
    return {"dataset": "nq", "question": f"q{number}", "answers": ["a", "b"], **filled, **more}


def write(path, records, **style):
    path.write_text(json.dumps(records, **style), encoding="utf-8")
    return path


@pytest.mark.parametrize("style", [{}, {"indent": 4}, {"ensure_ascii": False}])
def test_positives_and_hard_negatives_are_read(tmp_path, style):
    file = write(tmp_path / "train.json", [record(0), record(1, question='ü"]}\\')], **style)
    first, second = open_questions(file)
    assert first.question == "q0" and first.answers == ("a", "b")
    assert first.positives == (Passage("1", "T1", "text 1"),)
    assert first.negatives == (Passage("3", "T3", "text 3"),)
    assert second.question == 'ü"]}\\'


def test_plain_negatives_stand_in_where_there_are_no_hard_ones(tmp_path):
    file = write(tmp_path / "train.json", [record(0, hard_negative_ctxs=[])])
    assert [passage.id for passage in read_questions(file)[0].negatives] == ["2"]


def test_a_passage_without_an_id_is_called_after_its_contents(tmp_path):
    nameless = [context(5, passage_id=None), context(5, passage_id=None), context(6, passage_id=None)]
    (question,) = read_questions(write(tmp_path / "a.json", [record(0, positive_ctxs=nameless)]))
    first, second, third = question.positives
    assert first == second and first.id != third.id


@pytest.mark.parametrize(
    ("faulty", "fault"),
    [
        (record(1, question=""), 'record 2: "question" must be a text that is not empty'),
        (record(1, answers=[]), 'record 2: "answers" holds no answer'),
        (record(1, positive_ctxs=[context(1), context(1, text=None)]), 'record 2: positive_ctxs 2: "text" must be'),
        (record(1, hard_negative_ctxs=["p1"]), "record 2: hard_negative_ctxs 1: not a JSON object"),
        ([1], "record 2: not a JSON object"),
    ],
)
def test_a_record_that_cannot_be_read_is_named(tmp_path, faulty, fault):
    with pytest.raises(ValueError, match=rf"train\.json: {fault}"):
        open_questions(write(tmp_path / "train.json", [record(0), faulty, record(2)]))


def test_a_file_that_is_cut_off_or_goes_on_is_refused(tmp_path):
    whole = json.dumps([record(0), record(1)]).encode()
    (tmp_path / "cut.json").write_bytes(whole[:-20])
    with pytest.raises(ValueError, match=r"cut\.json: record 2: is not whole JSON"):
        open_questions(tmp_path / "cut.json")
    (tmp_path / "two.json").write_bytes(whole + whole)
    with pytest.raises(ValueError, match=r"two\.json: record 3: the array ends here, and more follows"):
        open_questions(tmp_path / "two.json")
    (tmp_path / "byte.json").write_bytes(whole.replace(b"q1", b"\xff1"))
    with pytest.raises(ValueError, match=r"byte\.json: record 2: is not UTF-8 text \(byte 0xff\)"):
        open_questions(tmp_path / "byte.json")
