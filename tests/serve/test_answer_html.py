"""Is everything that comes from documents and questions text on the page, and is all of it there?"""

import base64
from collections.abc import Iterator
from html.parser import HTMLParser

from hypothesis import given, settings

from minirag.cli.console import TURNS_TEXT, harmless
from minirag.serve.answer_html import MOST_LETTERS, answer_card, marked, passage_list
from tests.serve.answers import HOSTILE, made, passages, tokens, words

OURS = {
    "section",
    "h2",
    "h3",
    "p",
    "b",
    "bdi",
    "figure",
    "figcaption",
    "img",
    "sub",
    "ol",
    "li",
    "dl",
    "div",
    "dt",
    "dd",
}
ATTRIBUTES = {"class", "dir", "src", "alt", "style"}


class Reader(HTMLParser):
    """What a browser would make of it: elements with their attributes, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.elements if name == tag)


@given(words, words, passages, tokens)
@settings(max_examples=20)  # two pictures each
def test_whatever_is_written_the_page_has_its_own_elements_only_and_all_the_text(question, text, passages, tokens):
    token, sequence = (made(variant, question, text, passages, tokens) for variant in ("token", "sequence"))
    cards, below = Reader(answer_card(token) + answer_card(sequence)), Reader(passage_list(token, sequence))
    for tag, attributes in cards.elements + below.elements:
        assert tag in OURS | {"span", "mark"}
        assert set(attributes) <= ATTRIBUTES
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in cards.all("img"))
    shown = "".join(cards.texts + below.texts)
    assert harmless(token.question) in shown
    assert harmless(token.text) in shown
    assert all(harmless(passage.text) in shown for passage in token.passages)
    assert not set(shown) & TURNS_TEXT


def test_the_number_of_elements_does_not_depend_on_what_is_written():
    """A text that became an element would be one more."""
    plain = made("token", "q", "a", [("title", "text")], ["a"])
    elements = len(Reader(answer_card(plain) + passage_list(plain, plain)).elements)
    for said in HOSTILE:
        hostile = made("token", said, "a", [(said, said.replace("a", "o"))], [said])
        hostile_elements = Reader(answer_card(hostile) + passage_list(hostile, hostile)).elements
        marks = [tag for tag, _ in hostile_elements if tag == "mark"]
        assert len(hostile_elements) - len(marks) == elements


def test_the_picture_says_in_words_what_it_shows_and_holds_no_script():
    answer = made("token", "q", "a b", [("<script>alert(1)</script>", "text"), ("other", "text")], ["a", "b"])
    (image,) = Reader(answer_card(answer)).all("img")
    assert image["alt"].startswith("Heat map of 2 passages by 2 tokens; <script>alert(1)</script>")
    picture = base64.b64decode(image["src"].partition(",")[2]).decode()
    assert picture.lstrip().startswith("<?xml")
    assert "<script" not in picture


def test_an_answer_without_tokens_has_a_line_instead_of_a_picture():
    html = answer_card(made("sequence", "q", "", [("title", "text")], []))
    assert "<img" not in html
    assert "(an empty answer)" in html
    assert "There is no token to explain." in html


def test_prior_and_both_posteriors_of_every_passage_are_numbers_and_bars():
    pair = [made(variant, "q", "a", [("one", "1"), ("two", "2")], ["a"]) for variant in ("token", "sequence")]
    reader = Reader(passage_list(*pair))
    assert reader.texts.count("0.50") == 6
    assert [bar["style"] for bar in reader.all("span")] == ["--share: 0.5000"] * 6


def test_the_answer_is_marked_in_the_passage_in_any_case_of_letters():
    assert marked("Bern & bern <Berne>", ["bern"]) == (
        "<mark>Bern</mark> &amp; <mark>bern</mark> &lt;<mark>Bern</mark>e&gt;"
    )
    assert marked("a.c abc", ["a.c", ""]) == "<mark>a.c</mark> abc"
    assert marked("nothing to find", [""]) == "nothing to find"


def test_the_longer_of_two_answers_is_marked_where_both_begin():
    assert marked("New York", ["New", "New York"]) == "<mark>New York</mark>"


def test_a_document_that_was_left_whole_is_cut():
    shown = marked("a" * (MOST_LETTERS + 1), ["b"])
    assert shown == "a" * MOST_LETTERS + "…"
