"""What the README shows of a folder of documents that is indexed, asked, changed, indexed and asked again, is what happens."""

import re

import pytest

from tests.readme_walk import shown_walk, walked

DECIMAL = re.compile(r"\d+\.\d+")


def test_the_walk_of_the_readme_prints_what_is_shown(tmp_path):
    """Probabilities and scores to 2 %: processors round differently. All else to the letter."""
    printed, shown = walked(tmp_path), shown_walk()
    assert DECIMAL.sub("#", printed) == DECIMAL.sub("#", shown)
    numbers = [[float(number) for number in DECIMAL.findall(text)] for text in (printed, shown)]
    assert numbers[0] == pytest.approx(numbers[1], rel=0.02)
