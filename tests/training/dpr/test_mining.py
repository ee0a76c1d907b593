"""Hard negatives rank high and hold no answer; the file is what questions/ reads, and whole or not there."""

import pytest

from minirag.questions.question import Question
from minirag.questions.reading import read_questions
from minirag.retrieval.passages import Passage, PassageStore
from minirag.training.dpr.mining import hard_negatives, mined, rank_by_bm25, write_questions
from tests.training.dpr.small_questions import PASSAGES, QUESTIONS


@pytest.fixture
def store(tmp_path):
    return PassageStore.create(tmp_path / "passages.sqlite", PASSAGES)


def test_what_ranks_high_without_an_answer_is_a_negative_in_the_order_of_the_ranking(store):
    (found,) = mined([QUESTIONS[1]], store, rank_by_bm25(store, 6), 4)
    ranked = store.get(rank_by_bm25(store, 6)([QUESTIONS[1].question])[0])
    assert "c" in found.negative_ids and not {"b", "d"} & set(found.negative_ids)  # d holds the gold passage's text
    assert list(found.negative_ids) == [passage.id for passage in ranked if passage.id in found.negative_ids]
    assert found.gold == ("b",) and found.answers == ("Oslo",)


def test_there_are_no_more_than_asked_for_and_no_gold_passage_that_is_written_out(store):
    question = Question("Which capital?", ("nothing",), positives=(Passage("x", "", PASSAGES[0].text),))
    assert [passage.id for passage in hard_negatives(question, store, range(6), 2)] == ["b", "c"]


def test_an_answer_in_the_title_is_an_answer_and_one_of_several_is_enough(tmp_path):
    towns = [Passage("1", "Bern", "A town."), Passage("2", "Rome", "A town.")]
    store = PassageStore.create(tmp_path / "towns.sqlite", towns)
    assert hard_negatives(Question("Which town?", ("Basel", "bern")), store, range(2), 2) == [towns[1]]


def test_the_questions_come_back_as_they_were_with_their_negatives(store, tmp_path):
    written_out = Question("What?", ("It",), positives=(PASSAGES[5],), negatives=(PASSAGES[4],), negative_ids=("a",))
    path = tmp_path / "deep" / "mined.jsonl"
    assert write_questions(path, [*QUESTIONS, written_out]) == 4
    assert read_questions(path) == [*QUESTIONS, written_out]


def test_a_file_that_is_not_finished_is_not_there_and_the_old_one_stays(tmp_path):
    def broken():
        yield QUESTIONS[0]
        raise KeyboardInterrupt

    path = tmp_path / "mined.jsonl"
    write_questions(path, QUESTIONS)
    before = path.read_text()
    with pytest.raises(KeyboardInterrupt):
        write_questions(path, broken())
    assert path.read_text() == before and list(tmp_path.iterdir()) == [path]
