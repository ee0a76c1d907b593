"""Text of any kind: on one line, short, with glyphs that are there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.plots.fonts import glyphs
from minirag.plots.words import distinct, drawable, one_line, pieces, short, width


@given(st.text(max_size=40))
def test_every_character_that_is_drawn_has_a_glyph(text):
    assert all(ord(character) in glyphs() for character in drawable(text))


@given(st.text(max_size=60), st.integers(1, 30))
def test_a_short_text_is_one_line_that_is_no_wider_than_allowed(text, limit):
    line = short(text, limit)
    assert "\n" not in line
    assert width(line) <= limit
    assert line == one_line(text) or line.endswith("…")


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x24F), max_size=24))
def test_letters_and_digits_stay_as_they_are(text):
    assert drawable(short(text)) == text


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("  a \n b\t", "a b"),
        ("a\x00\x1b[2J\x9b", "a\ufffd\ufffd[2J\ufffd"),
        ("\u202egnitirw", "\ufffdgnitirw"),
        ("half \ud83d", "half \ufffd"),
        ("$5 \\frac{", "$5 \\frac{"),
        ("\U000e0041 tag", " tag"),
    ],
)
def test_what_cannot_be_drawn_leaves_a_mark_and_does_nothing(text, drawn):
    assert drawable(text) == drawn


def test_a_letter_without_a_glyph_is_a_box_and_a_joiner_without_one_is_nothing(monkeypatch):
    monkeypatch.setattr("minirag.plots.words.glyphs", lambda: frozenset(map(ord, "abc")))
    assert drawable("a蒙\u200db") == "a▯b"


def test_wide_letters_count_twice():
    assert width("蒙古") == 4
    assert width(short("蒙古国的首都是乌兰巴托", 10)) <= 10


def test_a_token_shows_no_space_before_it_unless_it_is_nothing_else():
    assert pieces([" U", "laan", " ", "\n", ""]) == ["U", "laan", "␣", "␣", ""]


def test_a_title_that_comes_again_carries_its_count_however_long_it_is():
    assert distinct(["Chad", "Peru", "Chad ", "Chad"]) == ["Chad", "Peru", "Chad (2)", "Chad (3)"]
    assert short(distinct(["long " * 9] * 2)[1]).endswith("… (2)")
