"""A sentence is asked for its paragraph; every batch is a function of seed and step."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.retrieval.passages import Passage
from minirag.training.dpr.inverse_cloze import KEPT, TITLE_LEADS, Cloze, questions_of, sentence
from minirag.training.dpr.sources import both, examples_from_questions, examples_from_text
from minirag.training.texts import Text
from tests.training.dpr.small_questions import QUESTIONS, lookup

SENTENCES = ("Bern lies on the Aare.", "Oslo lies on a fjord!", "Is it cold in Ulaanbaatar?", "It is.")
PARAGRAPH = Passage("1", "Towns", " ".join(SENTENCES))


@given(st.integers(0, 500))
def test_the_question_is_a_sentence_of_the_paragraph_or_its_title(seed):
    example = sentence(PARAGRAPH, Random(seed), stays=0.1)
    (passage,) = example.golds
    if example.question == "Towns":
        assert (passage.title, passage.text) == ("", PARAGRAPH.text)
    else:
        assert example.question in SENTENCES
        rest = " ".join(sentence for sentence in SENTENCES if sentence != example.question)
        assert passage.title == "Towns" and passage.text in (rest, PARAGRAPH.text)


def test_the_sentence_is_mostly_gone_from_the_passage_and_the_title_is_asked_now_and_then():
    examples = [sentence(PARAGRAPH, Random(seed), stays=0.1) for seed in range(1000)]
    titles = sum(example.question == "Towns" for example in examples)
    stayed = sum(example.question in example.golds[0].text for example in examples)
    assert 100 < titles < 200 and 50 < stayed < 130


@pytest.mark.parametrize("title", ["", "Towns"])
def test_a_paragraph_of_one_sentence_is_asked_by_its_title_or_by_half_of_it(title):
    example = sentence(Passage("1", title, "bern lies on the aare"), Random(0), stays=0.1)
    told = example.golds[0].text
    assert example.question == "Towns" if title else {example.question, told} <= {"bern lies", "on the aare", told}


@pytest.mark.parametrize("seed", range(8))
def test_no_sentence_ends_behind_an_abbreviation(seed):
    text = "Dr. Curie found radium. It glows."
    assert sentence(Passage("1", "", text), Random(seed), stays=0.0).question in (text[:23], text[24:])


@given(st.integers(0, 500), st.sampled_from([0.0, 0.5, 1.0]))
def test_words_of_a_stretch_are_asked_for_the_paragraph_with_or_without_all_that_is_asked(seed, stays):
    paragraph = Passage("1", "Numbers", " ".join(str(number) for number in range(60)))
    asked = questions_of(paragraph, Random(seed), Cloze(words=True, count=3, stays=stays))
    assert len({example.golds for example in asked}) == 1 and len(asked) == 3
    (first, *whole) = asked[0].golds
    left = set(first.text.split())
    assert (first == paragraph and not whole) if stays == 1 else (first == paragraph or whole == [paragraph])
    assert stays != 0 or first != paragraph
    for example in asked:
        places = [int(word) for word in example.question.removeprefix("Numbers ").split()]
        assert places == sorted(set(places)) and places[-1] - places[0] < 16
        assert left.isdisjoint(map(str, places)) or first == paragraph


def test_so_many_words_are_dropped_and_so_often_the_title_leads():
    paragraph = Passage("1", "Numbers", " ".join(str(number) for number in range(60)))
    drawn = [questions_of(paragraph, Random(seed), Cloze(words=True))[0].question.split() for seed in range(1000)]
    assert sum(words[0] == "Numbers" for words in drawn) / 1000 == pytest.approx(TITLE_LEADS, abs=0.05)
    assert sum(len(words) for words in drawn) / 1000 == pytest.approx(TITLE_LEADS + KEPT * 10, abs=0.3)


@pytest.mark.parametrize("settings", [{"count": 2}, {"count": 0, "words": True}, {"stays": 1.5}])
def test_questions_that_cannot_be_made_are_refused(settings):
    with pytest.raises(ValueError, match="question"):
        Cloze(**settings)


def test_a_paragraph_without_words_is_asked_by_its_title():
    (example,) = questions_of(Passage("1", "Bern", ""), Random(0), Cloze(words=True))
    assert set(example.question.split()) == {"Bern"}


def test_annotated_and_made_questions_share_a_batch():
    paragraphs = [Text("", f"{n} " * 30) for n in range(6)]
    annotated, order = examples_from_questions(QUESTIONS, [0, 1, 2], lookup, batch_size=2)
    made, _ = examples_from_text(paragraphs, batch_size=4, together=2, cloze=Cloze(words=True, count=2))
    batches = [both(annotated, made)(step) for step in range(order.steps_per_epoch)]
    assert [len(batch) for batch in batches] == [2 + 4, 1 + 4]
    assert {example.question for batch in batches for example in batch} > {question.question for question in QUESTIONS}


def test_a_batch_is_a_function_of_seed_and_step_and_another_epoch_asks_other_sentences():
    paragraphs = [Text("", " ".join(f"{s[:-1]} {n}." for s in SENTENCES)) for n in range(6)]
    examples_at, order = examples_from_text(paragraphs, batch_size=3, seed=1)
    again, _ = examples_from_text(paragraphs, batch_size=3, seed=1)
    assert order.steps_per_epoch == 2
    assert [examples_at(step) for step in (5, 0, 3)] == [again(step) for step in (5, 0, 3)]
    first, second = ({e.question for step in steps for e in examples_at(step)} for steps in ((0, 1), (2, 3)))
    assert first != second


def test_every_paragraph_of_an_epoch_is_a_passage_of_its_own():
    paragraphs = [Text("", PARAGRAPH.text)] * 5
    examples_at, order = examples_from_text(paragraphs, batch_size=2)
    asked = [example for step in range(order.steps_per_epoch) for example in examples_at(step)]
    assert len({example.golds[0].id for example in asked}) == 5
