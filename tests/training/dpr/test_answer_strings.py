"""An answer stands in a passage where its words do, one after the other."""

import pytest

from minirag.retrieval.passages import Passage
from minirag.training.dpr.answer_strings import holds_answer


@pytest.mark.parametrize(
    ("answer", "text", "expected"),
    [
        ("Bern", "It is BERN, of course.", True),
        ("10", "It was in 1066.", False),
        ("New York", "York is new.", False),
        ("New York City", "new-york city", True),
        ("134,000", "134,000 people", True),
        ("Zürich", "ZÜRICH!", True),
        ("…", "no word at all", False),
    ],
)
def test_the_words_count_and_not_case_or_marks(answer, text, expected):
    assert holds_answer(Passage("1", "", text), (answer,)) is expected


def test_one_of_several_answers_in_the_title_is_enough():
    assert holds_answer(Passage("1", "Bern", "A town."), ("Basel", "bern"))
    assert not holds_answer(Passage("1", "Bern", "A town."), ())
