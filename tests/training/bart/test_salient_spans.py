"""What could be asked for: names, dates, numbers and phrases, each where it stands, and no two of them over each other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.documents.split import sentences
from minirag.training.bart.salient_spans import salient_spans

CURIE = "Marie Curie of the Sorbonne discovered radium in Paris on 21 December 1898. It earned her $500 or 12%."


def found(text):
    return {text[span.start : span.end]: span.kind for span in salient_spans(text, 0, len(text))}


def test_names_dates_and_numbers_of_a_sentence_are_found():
    assert found(CURIE) == {
        "Marie Curie of the Sorbonne": "name",
        "discovered radium": "phrase",
        "Paris": "name",
        "21 December 1898": "date",
        "earned": "phrase",
        "$500": "number",
        "12%": "number",
    }


@pytest.mark.parametrize(
    ("text", "span", "kind"),
    [
        ("It was built in 1889 by them.", "1889", "year"),
        ("In the 1990s it fell.", "1990s", "year"),
        ("He has 3,155 km of road.", "3,155 km", "number"),
        ("It ended on July 4, 1776.", "July 4, 1776", "date"),
        ("This is America's best.", "America", "name"),
        ("The Swiss Alps are high.", "Swiss Alps", "name"),
        ("He may see May there.", None, "date"),
        ("Radium glows.", None, "name"),
    ],
)
def test_a_span_is_as_long_as_what_it_names(text, span, kind):
    assert [key for key, value in found(text).items() if value == kind] == ([] if span is None else [span])


def test_the_first_word_of_a_sentence_is_a_name_where_it_is_one_elsewhere():
    text = "Radium glows. She found Radium again."
    assert [span.kind for span in salient_spans(text, 0, 13)] == ["name", "phrase"]


@given(st.text(alphabet="aA .1,$-'é\n", max_size=80))
def test_spans_lie_in_their_sentence_and_do_not_overlap(text):
    for start, end in sentences(text):
        spans = salient_spans(text, start, end)
        assert all(start <= span.start < span.end <= end for span in spans)
        assert all(one.end <= other.start for one, other in pairwise(spans))
