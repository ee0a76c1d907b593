"""Questions become batches by seed and step; what cannot be trained on is said before the first step."""

import pytest

from minirag.questions.question import Question
from minirag.retrieval.passages import PassageStore
from minirag.training.dpr.sources import examples_from_questions, lookup_in, with_gold
from tests.training.dpr.small_questions import PASSAGES, QUESTIONS, lookup


def test_every_question_comes_once_an_epoch_whatever_was_asked_for_before():
    examples_at, order = examples_from_questions(QUESTIONS, [0, 1, 2], lookup, batch_size=2, seed=4)
    again, _ = examples_from_questions(QUESTIONS, [0, 1, 2], lookup, batch_size=2, seed=4)
    assert [examples_at(step) for step in range(4)] == [again(step) for step in (0, 1, 2, 3)]
    assert examples_at(3) == again(3)
    asked = sorted(example.question for step in (0, 1) for example in examples_at(step))
    assert asked == sorted(question.question for question in QUESTIONS) and order.steps_per_epoch == 2


def test_questions_without_a_gold_passage_are_not_trained_on():
    unknown = Question("Why?", ("because",))
    assert with_gold([unknown, *QUESTIONS, unknown], lookup) == [1, 2, 3]
    with pytest.raises(ValueError, match="no question names a passage that answers it"):
        with_gold([unknown], lookup)


def test_an_id_that_the_knowledge_base_does_not_hold_is_told_before_the_first_step(tmp_path):
    store = PassageStore.create(tmp_path / "passages.sqlite", PASSAGES[:3])
    with pytest.raises(ValueError, match="no passage with id 'f'"):
        with_gold(QUESTIONS, lookup_in(store))
    with pytest.raises(ValueError, match="passage 'a' is named by its id, and no knowledge base is given"):
        with_gold(QUESTIONS, lookup_in(None))
