"""The swapped world: the same entities and relations, other values, and questions only about what did change."""

from hypothesis import given

from minirag.evaluation.hot_swap import swapped_world, two_worlds
from tests.world.worlds import SEEDS, worlds


@given(worlds(), SEEDS)
def test_every_answer_is_stated_by_its_passage_and_is_not_true(facts, seed):
    passages, questions = swapped_world(facts, seed)
    text_of = {passage.id: passage.text for passage in passages}
    true = {(fact.entity, fact.value) for fact in facts}
    for question in questions:
        (answer,), (gold,) = question.answers, question.gold
        assert answer in text_of[gold]
    assert {passage.title for passage in passages} == {fact.entity for fact in facts}
    assert len(questions) <= len(facts)
    assert true or not questions


@given(worlds(), SEEDS)
def test_in_two_worlds_the_same_question_has_its_true_answer_and_another(facts, seed):
    passages, asked = two_worlds(facts, seed)
    assert (passages, [swapped for _, swapped in asked]) == swapped_world(facts, seed)
    values = {fact.value for fact in facts}
    for true, swapped in asked:
        assert true.question == swapped.question and not true.gold
        assert not set(true.answers) & set(swapped.answers)
        assert set(true.answers) | set(swapped.answers) <= values
