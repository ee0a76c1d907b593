"""minirag mine: questions in, the same questions with hard negatives out."""

import pytest

from minirag.cli import run
from minirag.questions.reading import read_questions
from tests.cli.refusal import refusal
from tests.cli.small_openqa import small_openqa


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return small_openqa(tmp_path_factory.mktemp("openqa"))


def mine(place, *options) -> list[str]:
    words = ["mine", "--kb", place / "kb", "--questions", place / "questions.jsonl", "--out", place / "mined.jsonl"]
    return [str(word) for word in [*words, *options]]


def test_the_passages_that_share_words_and_hold_no_answer_become_negatives(place, capsys):
    assert run(mine(place, "--per-question", "3")) == 0
    assert "mined.jsonl: 5 questions, 3.0 negatives each" in capsys.readouterr().out
    before, after = read_questions(place / "questions.jsonl"), read_questions(place / "mined.jsonl")
    for asked, mined in zip(before, after, strict=True):
        assert (mined.question, mined.answers, mined.gold) == (asked.question, asked.answers, asked.gold)
        assert len(set(mined.negative_ids)) == 3 and not set(mined.negative_ids) & set(mined.gold)
    assert after[0].negative_ids[0] == "switzerland"


def test_a_base_that_another_encoder_made_is_refused_for_dense_mining(place, capsys, tiny_folder):
    said = refusal(capsys, *mine(place, "--retriever", "dense", "--model", tiny_folder))
    assert "made by another context encoder" in said


def test_fewer_ranks_than_negatives_are_refused(place, capsys):
    assert "--depth 2 is less than --per-question 8" in refusal(capsys, *mine(place, "--depth", "2"))
