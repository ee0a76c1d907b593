"""Questions over the demo's knowledge base to train on: none of them is one that the demo is judged by."""

import pytest

from minirag.cli.opening import demo_folder
from minirag.questions.reading import read_questions
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.training.demo.questions import demo_training_questions, drawn_and_left, written_passages
from minirag.world.facts import read_facts


def test_the_committed_questions_are_those_drawn_and_every_other_one_is_left_to_train_on():
    written = written_passages(read_facts(demo_folder() / "facts.jsonl"))
    drawn, left = drawn_and_left(written)
    committed = read_questions(demo_folder() / "questions.jsonl")
    assert [(row["question"], row["answers"]) for row in drawn] == [(q.question, list(q.answers)) for q in committed]
    assert len(drawn) + len(left) == sum(len(facts) for _, facts in written)
    train = demo_training_questions(demo_folder())
    assert len(train) == len(left) > 2000
    pairs = {(q.gold, q.answers, q.question) for q in committed}
    assert not pairs & {(q.gold, q.answers, q.question) for q in train}


def test_every_question_names_a_passage_of_the_demos_knowledge_base_that_holds_its_answer():
    store = KnowledgeBase.open(demo_folder() / "knowledge_base").store
    for question in demo_training_questions(demo_folder())[::50]:
        (row,) = store.rows_of(question.gold)
        assert question.answers[0] in store.passage(row).text


def test_a_folder_whose_questions_are_all_for_judging_is_told_so(tiny_folder):
    with pytest.raises(ValueError, match=r"facts\.jsonl: all of its questions are in questions\.jsonl"):
        demo_training_questions(tiny_folder)
