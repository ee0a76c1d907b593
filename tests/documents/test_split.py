import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.documents.split import ends_sentence, sentences, split_text

WORDS = st.sampled_from(
    ["iron", "Bern", "is.", "no!", "Dr.", "(yes.)", "a", "3.5", "J.", "\n\n", "end.\n\nNew", "…", "e.g."]
)
TEXTS = st.lists(WORDS, max_size=900).map(" ".join)


def sentence(words, number=0):
    return " ".join([f"Word{number}"] + ["word"] * (words - 2)) + " end."


@given(TEXTS, st.integers(2, 120))
def test_all_words_stay_in_order(text, words):
    assert " ".join(split_text(text, words)).split() == text.split()


@given(st.text(), st.integers(2, 5))
def test_any_text_keeps_all_that_is_not_space(text, words):
    assert "".join("".join(split_text(text, words)).split()) == "".join(text.split())


@given(TEXTS, st.integers(2, 120))
def test_each_piece_of_a_long_text_has_half_to_one_and_a_half_times_the_words(text, words):
    pieces = split_text(text, words)
    if len(text.split()) > 1.5 * words:
        assert all(words / 2 <= len(piece.split()) <= 1.5 * words for piece in pieces)
    else:
        assert pieces == [text]


@given(st.lists(st.integers(2, 40), min_size=1, max_size=40))
def test_where_sentences_are_short_every_piece_ends_with_one(lengths):
    text = " ".join(sentence(words, number) for number, words in enumerate(lengths))
    assert all(piece.endswith("end.") for piece in split_text(text))


def test_the_sentence_end_nearest_to_a_hundred_words_is_taken():
    text = " ".join(sentence(30) for _ in range(7))
    assert [len(piece.split()) for piece in split_text(text)] == [90, 120]


def test_a_sentence_end_that_would_leave_less_than_half_a_passage_is_not_taken():
    assert [len(piece.split()) for piece in split_text(sentence(145) + " word" * 35)] == [100, 80]


def test_a_text_without_sentences_is_cut_at_a_hundred_words():
    pieces = split_text("word " * 20_000)
    assert {len(piece.split()) for piece in pieces} == {100}
    assert len(pieces) == 200


def test_a_text_without_spaces_is_cut_too():
    assert max(map(len, split_text("w" * 1_000_000))) <= 150 * 40


def test_a_text_whose_script_has_no_spaces_is_cut_at_its_own_full_stops():
    text = "乌兰巴托是蒙古国的首都和最大城市。" * 60
    pieces = split_text(text)
    assert "".join(pieces) == text
    assert len(pieces) > 3
    assert all(piece.endswith("。") for piece in pieces)


def test_a_paragraph_ends_a_sentence():
    text = ("word " * 80 + "\n\n") * 3
    assert [len(piece.split()) for piece in split_text(text)] == [80, 80, 80]


def test_the_space_inside_a_piece_is_kept():
    text = ("One  two\tthree.\n" * 100).strip()
    assert all(piece in text for piece in split_text(text))


@pytest.mark.parametrize("word", ["end.", "end!", "end?", "end.”", 'end."', "end.)", "end…", "1898.", "Ulaanbaatar."])
def test_these_end_a_sentence(word):
    assert ends_sentence(word, " ", "T")


@pytest.mark.parametrize("word", ["Dr.", "J.", "e.g.", "(cf.", "end", "end,", "3.5"])
def test_these_do_not_end_a_sentence(word):
    assert not ends_sentence(word, " ", "T")


def test_a_stop_before_a_small_letter_ends_no_sentence():
    assert not ends_sentence("approx.", " ", "t")


@given(st.text(alphabet="aA .!?\n", max_size=80))
def test_sentences_are_the_text_without_the_space_between_them(text):
    bounds = sentences(text)
    assert "".join("".join(text[start:end].split()) for start, end in bounds) == "".join(text.split())


def test_sentences_end_at_stops_and_keep_their_quotation_marks():
    text = 'She said: "It glows." Dr. Curie earned $500. It fell in 1990.'
    assert [text[start:end] for start, end in sentences(text)] == [text[:21], text[22:44], text[45:]]


@pytest.mark.parametrize("text", ["", "   ", "one", " a \0 b "])
def test_a_short_text_stays_as_it_is(text):
    assert split_text(text) == [text]


def test_passages_of_one_word_are_refused():
    with pytest.raises(ValueError, match="words=1 per passage must be at least 2"):
        split_text("a b c", 1)
