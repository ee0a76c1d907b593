"""Answers are kept question by question, and read as they were written."""

import pytest

from minirag.evaluation.judged import judge
from minirag.evaluation.measures import Measure
from minirag.evaluation.report import Report, Settings
from minirag.experiments.answers import Answers, columns_of, distinct_shares, read_answers, write_answers
from minirag.questions.question import Question
from minirag.retrieval.passages import Passage
from minirag.training.rag.measures import distinct_passages

PASSAGES = {name: Passage(name, name, f"{name} is here.") for name in "pqrs"}


def row(answer, prediction, retrieved, gold=()):
    return judge(Question("Who?", (answer,), gold), prediction, None, [PASSAGES[name] for name in retrieved])


@pytest.mark.parametrize("retrieved", [["pq", "pq", "pq"], ["pq", "qr", "rs"], ["pq", "rs"]])
def test_the_mean_of_the_distinct_shares_is_the_share_of_distinct_passages(retrieved):
    shares = distinct_shares([row("x", "x", names) for names in retrieved])
    assert sum(shares) / len(shares) == pytest.approx(distinct_passages(retrieved))


def test_each_question_has_its_own_value_and_none_where_a_measure_says_nothing_of_it():
    rows = (row("p", "p", "pq", gold=("p",)), row("x", "x", "rs"), row("x", "y", "rs", gold=("p",)))
    columns = columns_of(Report(Settings("token", 2, 1, "greedy", "exact"), 3, {}, rows))
    assert columns["exact_match"] == [1.0, 1.0, 0.0]
    assert columns["recall_at_1"] == [1.0, None, 0.0] and "recall_at_5" not in columns
    assert columns["answer_retrieved"] == [1.0, 0.0, 0.0]
    assert columns["exact_match_without_answer"] == [None, 1.0, 0.0]


def test_a_closed_book_retrieves_nothing():
    report = Report(Settings("token", None, 1, "greedy", None), 1, {"f1": Measure(1.0, 1)}, (row("x", "x", ""),))
    assert columns_of(report) == {"exact_match": [1.0], "f1": [1.0]}


def test_answers_are_read_as_they_were_written_and_anything_else_is_refused(tmp_path):
    given = Answers(Settings("token", 2, 1, "greedy", "exact", "ab"), {"f1": [0.5, None]}, 2.5, "a laptop")
    write_answers(tmp_path / "asked" / "one.json", given)
    assert read_answers(tmp_path / "asked" / "one.json") == given
    (tmp_path / "other.json").write_text('{"f1": 1}')
    with pytest.raises(ValueError, match=r"other\.json: not the answers of an experiment"):
        read_answers(tmp_path / "other.json")
