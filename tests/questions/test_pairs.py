"""Each answer once, or one drawn: and the draw is the same whenever it is made again."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.questions.pairs import drawn_pair, pairs
from minirag.questions.question import Question
from minirag.questions.reading import open_questions

THREE = Question("q", ("a", "b", "c"))


@given(st.lists(st.integers(1, 4), max_size=6))
def test_every_answer_of_every_question_comes_once_in_order(counts):
    questions = [Question(f"q{n}", tuple(f"a{n}.{m}" for m in range(count))) for n, count in enumerate(counts)]
    made = pairs(questions)
    expected = [(question, answer) for question in questions for answer in question.answers]
    assert len(made) == len(expected)
    assert list(made) == [made[index] for index in range(len(made))] == made[:] == expected
    with pytest.raises(IndexError, match="no pair"):
        made[len(made)]


def test_the_pairs_of_a_file_are_those_of_its_questions(tmp_path):
    lines = [json.dumps({"question": f"q{n}", "answers": ["a"] * (n + 1)}) for n in range(4)]
    (tmp_path / "q.jsonl").write_text("\n".join(lines))
    questions = open_questions(tmp_path / "q.jsonl")
    assert list(pairs(questions)) == list(pairs(list(questions)))


def test_a_draw_is_a_function_of_seed_epoch_and_question():
    draws = [[drawn_pair([THREE] * 50, index, epoch, seed) for index in range(50)] for epoch, seed in ((0, 0), (0, 0))]
    assert draws[0] == draws[1]
    assert draws[0] != [drawn_pair([THREE] * 50, index, 1, 0) for index in range(50)]
    assert draws[0] != [drawn_pair([THREE] * 50, index, 0, 1) for index in range(50)]


def test_every_answer_is_drawn_about_as_often():
    counts = Counter(drawn_pair([THREE], 0, epoch).answer for epoch in range(600))
    assert all(150 < counts[answer] < 250 for answer in "abc")
