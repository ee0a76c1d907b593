import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.text.generator_input import generator_input_ids, generator_inputs, passage_string
from tests.small_tokenizers import byte_level

TOKENIZER = byte_level()
QUESTIONS = st.text(max_size=12)


def ids(title="Mongolia", text="The capital is Ulaanbaatar.", question="Where?", **settings):
    return generator_input_ids(TOKENIZER, title, text, question, **settings)


def test_it_reads_title_then_text_then_question():
    assert TOKENIZER.decode(ids(), skip_special_tokens=False) == (
        "<s>Mongolia / The capital is Ulaanbaatar. // Where?</s>"
    )


def test_separators_and_prefix_are_settings():
    made = ids(title_sep=": ", doc_sep=" | ", prefix="answer ")
    assert TOKENIZER.decode(made) == "answer Mongolia: The capital is Ulaanbaatar. | Where?"


@given(title=st.text(max_size=30), text=st.text(max_size=300), question=QUESTIONS, max_length=st.integers(60, 120))
def test_the_question_survives_every_text(title, text, question, max_length):
    question_ids = TOKENIZER.encode_plain((" // " + question).replace("  ", " "))
    made = ids(title, text, question, max_length=max_length)
    assert made[-1] == TOKENIZER.eos_token_id and made[0] == TOKENIZER.bos_token_id
    assert made[-1 - len(question_ids) : -1] == question_ids


@given(title=st.text(max_size=30), text=st.text(max_size=300), question=QUESTIONS, max_length=st.integers(60, 120))
def test_it_is_never_longer_than_max_length_and_the_passage_loses_only_its_end(title, text, question, max_length):
    made = ids(title, text, question, max_length=max_length)
    whole = ids(title, text, question, max_length=10_000)
    assert len(made) == min(len(whole), max_length)
    if len(whole) <= max_length:
        assert made == whole


@given(st.lists(st.tuples(st.text(max_size=80), QUESTIONS), min_size=1, max_size=4))
def test_many_inputs_are_those_of_each_alone(pairs):
    passages = [passage_string("Title", text) for text, _ in pairs]
    together = generator_inputs(TOKENIZER, passages, [question for _, question in pairs], " // ", 70)
    assert together == [ids("Title", text, question, max_length=70) for text, question in pairs]


def test_a_very_long_text_leaves_the_question_whole():
    made = ids(text="word " * 100_000, question="Who discovered radium?", max_length=40)
    assert len(made) == 40 and TOKENIZER.decode(made).endswith(" // Who discovered radium?")


def test_a_question_that_fills_the_input_leaves_no_passage():
    alone = len(TOKENIZER.encode_plain(" // Where?")) + 2
    assert TOKENIZER.decode(ids(max_length=alone)) == " // Where?"


def test_a_question_too_long_to_stay_whole_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r"question 'Where\?': \d tokens do not fit in max_combined_length=4"
    ) as caught:
        ids(max_length=4)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="question 'why why"):
        ids(question="why " * 1000)
