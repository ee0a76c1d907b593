"""What is read and what is written: the question survives, the answer is in the window, and what was copied is the same."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.configuration import BartConfig
from minirag.text.generator_input import generator_inputs
from minirag.training.bart.examples import DOC_SEP, Form, mending, reading, window, written
from minirag.training.bart.salient_spans import Span
from minirag.training.texts import Text
from tests.small_tokenizers import SENTENCES, byte_level

seeds = st.integers(0, 10_000)
LONG = Text("Mongolia", " ".join(SENTENCES * 3))
QUESTION = "What is its capital?"


def form(max_length=64, start=0, **settings):
    tokenizer = byte_level()
    config = BartConfig(vocab_size=tokenizer.vocab_size, decoder_start_token_id=start, max_position_embeddings=512)
    return Form(tokenizer, config, max_length, **settings)


@given(seeds, st.integers(40, 400), st.sampled_from([0, 2]))
def test_a_mended_text_is_copied_but_for_the_holes(seed, max_length, start):
    example = mending(form(max_length, start), LONG, Random(seed))
    mask = byte_level().mask_token_id
    assert max(len(example.source), len(example.target)) <= max_length
    assert len(example.copied) == len(example.source) - 2 - example.source.count(mask)
    assert all(example.target[place] == example.source[read] for place, read in example.copied)
    assert example.source[0] == 0 and example.source[-1] == example.target[-1] == 2
    assert byte_level().decode(example.target).startswith("Mongolia / ")


@given(seeds, st.integers(60, 400))
def test_a_window_of_the_passage_holds_the_answer_and_the_whole_question(seed, max_length):
    rng = Random(seed)
    start = rng.choice([place for place in range(len(LONG.text)) if LONG.text.startswith("Marie Curie", place)])
    example = reading(form(max_length), LONG, QUESTION, "Marie Curie", Span(start, start + 11, "name"), rng)
    source = byte_level().decode(example.source)
    assert len(example.source) <= max_length
    assert source.startswith("Mongolia / ") and source.endswith(DOC_SEP + QUESTION)
    assert "Marie Curie" in source
    assert byte_level().decode(example.target) == " Marie Curie"
    assert {place for place, _ in example.copied} in (set(), set(range(len(example.target) - 1)))
    assert all(example.target[place] == example.source[read] for place, read in example.copied)


def test_a_passage_that_fits_is_read_as_it_is_when_questions_are_answered():
    text = Text("Bern", SENTENCES[2])
    example = reading(form(200), text, QUESTION, "Bern", Span(0, 4, "name"), Random(0))
    assert [example.source] == generator_inputs(byte_level(), [f"Bern / {text.text}"], [QUESTION], DOC_SEP, 200)


@given(seeds, st.integers(1, 60), st.integers(0, 100), st.integers(0, 20))
def test_a_window_is_whole_words_in_a_row(seed, room, start, length):
    held = Span(start, min(start + length, len(LONG.text)), "")
    shown = window(byte_level(), LONG.text, room, held, Random(seed))
    assert LONG.text[held.start : held.end] in shown
    assert shown in LONG.text
    if not length and LONG.text[start - 1 : start].isspace():  # what is held ends no word in its middle
        assert set(shown.split()) - set(LONG.text.split()) == set() or " " not in shown


def test_windows_begin_anywhere():
    shown = {window(byte_level(), LONG.text, 20, Span(200, 201, ""), Random(seed)) for seed in range(60)}
    assert len(shown) > 5


def test_a_generator_that_starts_with_eos_writes_bos_first():
    assert written(form(start=2), [7, 8]) == ([0, 7, 8, 2], 1)
    assert written(form(start=0), [7, 8]) == ([7, 8, 2], 0)


def test_the_space_in_front_of_an_answer_is_a_choice():
    example = reading(form(200, answer_space=False), LONG, QUESTION, "Bern", None, Random(0))
    assert byte_level().decode(example.target) == "Bern"


def test_a_long_question_stays_whole_until_the_generator_cannot_read_it():
    example = reading(form(20), LONG, f"{QUESTION} " * 5, "Bern", None, Random(0))
    assert byte_level().decode(example.source).endswith(" ".join([QUESTION] * 5))
    with pytest.raises(ValueError, match="do not fit"):
        reading(form(20), LONG, f"{QUESTION} " * 200, "Bern", None, Random(0))
