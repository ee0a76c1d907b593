"""One answer, judged: ranks count from the best passage, and a row is written whole or not at all."""

import json

from minirag.evaluation.judged import Judged, judge, row_as_object
from minirag.questions.question import Question
from minirag.retrieval.passages import Passage
from minirag.retrieval.whole_file import write_jsonl

PASSAGES = [
    Passage("1", "Oslo", "A city."),
    Passage("2", "Bern", "The capital is Bern."),
    Passage("3", "Oslo", "Bern!"),
]
QUESTION = Question("capital?", ("Bern",), gold=("3",))


def test_ranks_are_those_of_the_first_gold_passage_and_the_first_that_holds_an_answer():
    row = judge(QUESTION, "the Bern", -0.5, PASSAGES, {"Oslo"})
    assert (row.exact_match, row.f1, row.logprob) == (True, 1.0, -0.5)
    assert row.passages == ("1", "2", "3")
    assert (row.gold_rank, row.answer_rank, row.r_precision) == (3, 2, 1.0)


def test_what_was_not_retrieved_has_no_rank_and_what_is_not_known_is_not_measured():
    row = judge(QUESTION, "Oslo", passages=PASSAGES[:1])
    assert (row.gold_rank, row.answer_rank, row.r_precision) == (None, None, None)
    assert judge(QUESTION, "Oslo") == Judged(QUESTION, "Oslo", False, 0.0)


def test_an_answer_in_the_title_counts_for_the_title_is_read_too():
    assert judge(QUESTION, "", passages=[Passage("9", "Bern", "A city.")]).answer_rank == 1


def test_a_row_is_one_line_of_json(tmp_path):
    row = row_as_object(judge(QUESTION, "Bern\nA", None, PASSAGES))
    write_jsonl(tmp_path / "rows.jsonl", [row, row])
    first, second = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
    assert first == second
    assert json.loads(first) == {**row, "answers": ["Bern"], "gold": ["3"], "passages": ["1", "2", "3"]}
