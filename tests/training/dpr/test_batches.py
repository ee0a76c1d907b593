"""A batch: each passage once, a question's own passage where it says, and nothing that answers it as a negative."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage
from minirag.training.dpr.batches import Example, batch_of, example_of
from tests.training.dpr.small_questions import PASSAGES, QUESTIONS, lookup

ROWS = st.tuples(
    st.lists(st.sampled_from(PASSAGES), min_size=1, max_size=3), st.lists(st.sampled_from(PASSAGES), max_size=2)
)


def examples_of(rows) -> list[Example]:
    return [Example(f"question {n}", ("Bern",), tuple(golds), tuple(wrong)) for n, (golds, wrong) in enumerate(rows)]


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_a_batch_holds_each_text_once_and_every_question_has_its_first_gold_passage(rows):
    examples = examples_of(rows)
    batch = batch_of(examples)
    texts = [(passage.title, passage.text) for passage in batch.passages]
    assert len(set(texts)) == len(texts)
    for i, example in enumerate(examples):
        gold = batch.passages[batch.gold[i]]
        assert (gold.title, gold.text) == (example.golds[0].title, example.golds[0].text)
        assert batch.candidates[i, batch.gold[i]]


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_a_passage_is_no_negative_exactly_where_it_holds_the_text_of_a_gold_passage(rows):
    examples = examples_of(rows)
    batch = batch_of(examples)
    for i, example in enumerate(examples):
        answering = {passage.text for passage in example.golds}
        for j, passage in enumerate(batch.passages):
            if j != batch.gold[i]:
                assert bool(batch.candidates[i, j]) == (passage.text not in answering)


def test_a_passage_under_another_name_is_no_negative_of_the_question_it_answers():
    batch = batch_of([Example("Norway?", ("Oslo",), tuple(lookup("b")), tuple(lookup(["d", "c"])))])
    assert [passage.id for passage, is_in in zip(batch.passages, batch.candidates[0], strict=True) if is_in] == [
        "b",
        "c",
    ]


def test_a_passage_with_an_answer_string_is_masked_only_where_that_is_asked_for():
    examples = [Example("Switzerland?", ("Bern",), tuple(lookup("a")), tuple(lookup(["e", "f"])))]
    for mask_answers, expected in ((False, {"a", "e", "f"}), (True, {"a", "f"})):
        batch = batch_of(examples, mask_answers)
        assert {p.id for p, is_in in zip(batch.passages, batch.candidates[0], strict=True) if is_in} == expected


@given(st.integers(0, 5), st.integers(0, 100))
def test_an_example_draws_from_the_questions_own_passages_by_its_random_numbers_alone(wanted, seed):
    question = QUESTIONS[0]
    example = example_of(question, lookup, wanted, Random(seed))
    assert example == example_of(question, lookup, wanted, Random(seed))
    assert len(example.negatives) == min(wanted, 2)
    assert {passage.id for passage in example.negatives} <= {"c", "f"}


def test_passages_that_are_written_out_need_no_knowledge_base():
    gold, wrong = Passage("1", "Bern", "Bern it is."), Passage("2", "", "It is not.")
    question = Question("Which?", ("Bern",), positives=(gold,), negatives=(wrong,))
    example = example_of(question, lambda ids: [] if not ids else lookup(ids), 1, Random(0))
    assert (example.golds, example.negatives) == ((gold,), (wrong,))
