"""Text of any kind in a terminal: shown, never obeyed."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from minirag.cli.console import bar, harmless, progress_bar


@given(st.text())
def test_no_text_commands_the_terminal_or_leaves_its_line(text):
    shown = harmless(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", shown)
    assert harmless(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ulaanbaatar", "Ulaanbaatar"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\r\n b\tc", "a b c"),
        ("\u202eesrever", r"\u202eesrever"),
        ("half \ud83d", r"half \ud83d"),
        ("👩\u200d🔬 مرحبا", "👩\u200d🔬 مرحبا"),
        ("[bold]not markup[/bold] :smile:", "[bold]not markup[/bold] :smile:"),
    ],
)
def test_letters_stay_and_commands_become_their_numbers(text, shown):
    assert harmless(text) == shown


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 20))
def test_a_bar_has_its_width_and_grows_with_its_share(one, other, width):
    small, large = sorted([one, other])
    assert len(bar(small, width)) == width
    assert bar(small, width).count("█") <= bar(large, width).count("█")


def test_a_bar_is_exact_to_an_eighth_of_a_block():
    assert bar(0.0, 4) == "    "
    assert bar(0.5, 4) == "██  "
    assert bar(1 / 32, 4) == "▏   "
    assert bar(1.0, 4) == "████"
    assert bar(1.5, 4) == "████"


def test_no_progress_is_drawn_where_nobody_watches(capsys):
    with progress_bar("passages") as report:
        report(1, 2)
        report(2, None)
    assert capsys.readouterr() == ("", "")


def test_progress_is_drawn_on_a_terminal_and_wiped_at_the_end(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr("minirag.cli.console.stderr", lambda: Console(file=screen, force_terminal=True, width=80))
    with progress_bar("passages") as report:
        report(1, 2)
    assert "passages" in screen.getvalue()
