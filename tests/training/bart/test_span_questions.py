"""Questions made from sentences: the answer is gone from the question and stands where it is said to stand."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from minirag.training.bart.span_questions import ASKED, span_question
from minirag.training.texts import Text

CURIE = Text(
    "Marie Curie",
    "Marie Curie was born in Warsaw on 7 November 1867. She discovered polonium and radium with her husband Pierre. "
    "In 1903 they were given half of the Nobel Prize in Physics, 70,700 crowns together.",
)


@given(st.integers(0, 10_000))
def test_the_question_asks_for_a_span_of_the_text_that_it_does_not_hold(seed):
    question, span = span_question(CURIE, Random(seed))
    answer = CURIE.text[span.start : span.end]
    assert answer.casefold() not in question.casefold()
    assert question.endswith("?") and question[0] == question[0].upper()
    asked = {word for words in ASKED.values() for word in words}
    assert any(word in question.casefold() for word in asked)


@given(st.integers(0, 10_000))
def test_the_words_of_the_question_are_the_sentences(seed):
    question, _ = span_question(CURIE, Random(seed))
    known = {word.strip(",.").casefold() for word in f"{CURIE.title} {CURIE.text}".split()}
    known |= {word for words in ASKED.values() for phrase in words for word in phrase.split()} | {
        "did",
        "was",
        "does",
        "is",
    }
    assert {word.strip(",?").casefold() for word in question.split()} <= known


def test_every_kind_of_span_is_asked_for():
    kinds = {span_question(CURIE, Random(seed))[1].kind for seed in range(200)}
    assert kinds == {"name", "date", "year", "number", "phrase"}


def test_a_text_in_which_nothing_can_be_asked_for_gives_no_question():
    assert span_question(Text("", "it is so and so it is for all of them too"), Random(0)) is None
