"""What is kept of a pair that does not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.text.truncation import kept_lengths

lengths = st.integers(0, 40)


@given(first=lengths, second=lengths, room=lengths)
def test_the_longer_text_loses_its_end_first(first, second, room):
    """One id at a time from the longer text; where both are equally long and too long still, half of the room each."""
    longer, shorter = max(first, second), min(first, second)
    while longer > shorter and longer + shorter > room:
        longer -= 1
    if longer + shorter > room:
        shorter, longer = room // 2, room - room // 2
    made = kept_lengths(first, second, room, "longest_first")
    assert made == ((shorter, longer) if first <= second else (longer, shorter))
    assert sum(made) == min(first + second, room)
    assert made[0] <= first and made[1] <= second


@given(first=lengths, second=lengths, room=lengths, rule=st.sampled_from(["only_first", "only_second"]))
def test_the_other_text_stays_whole(first, second, room, rule):
    cut, whole = (first, second) if rule == "only_first" else (second, first)
    if first + second > room and cut <= first + second - room:
        with pytest.raises(ValueError, match=f"truncation='{rule}'"):
            kept_lengths(first, second, room, rule)
        return
    made = kept_lengths(first, second, room, rule)
    assert sum(made) == min(first + second, room)
    assert made[1 if rule == "only_first" else 0] == whole


def test_an_unknown_rule_is_named():
    with pytest.raises(ValueError, match="truncation='longest' is not one of longest_first, only_first, only_second"):
        kept_lengths(1, 1, 5, "longest")
