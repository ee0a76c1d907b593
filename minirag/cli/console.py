"""How is text of any kind shown in a terminal, and how long does it still take?

Paper     none
Tutorial  tutorials/00_rag_in_one_page.py
Tests     tests/cli/test_console.py

Questions, passages and answers come from anywhere. They are shown as text: never as markup, never as a command to the
terminal (an escape sequence, a change of direction), and always on the line where they belong.
"""

import math
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EIGHTHS = " ▏▎▍▌▋▊▉█"
TURNS_TEXT = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # bidi controls

Report = Callable[[int, int | None], None]


def harmless(text: str) -> str:
    """On one line, with every control character, bidi control and lone surrogate written as its number."""
    return "".join(shown(character) for character in " ".join(text.split()))


def shown(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cs") or character in TURNS_TEXT:
        return character.encode("unicode_escape").decode()
    return character


def bar(share: float, width: int) -> str:
    """A share of 1 as `width` blocks, in steps of an eighth of a block."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    return (EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8]).strip().ljust(width)


def stdout(width: int | None = None) -> Console:
    """Nothing in a string is markup, an emoji code or something to highlight. width: the terminal's, unless given."""
    return Console(file=sys.stdout, markup=False, emoji=False, highlight=False, width=width)


def stderr() -> Console:
    return Console(file=sys.stderr, markup=False, emoji=False, highlight=False)


@contextmanager
def progress_bar(what: str) -> Iterator[Report]:
    """Hands out `report(done, total)`. The bar is drawn on stderr, only where somebody watches, and wiped at the end.

    It hears of ten steps a second and of the last: rich works out the speed at each, drawn or not, which took longer than
    reading the 100,000 rows that it counted.
    """
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    console = stderr()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task, next_time = progress.add_task(what, total=None, rate=""), 0.0

        def report(done: int, total: int | None) -> None:
            nonlocal next_time
            if progress.disable or (time.monotonic() < next_time and done != total):
                return
            next_time = time.monotonic() + 0.1
            speed = progress.tasks[0].speed
            rate = f"{speed:,.0f}/s" if speed and speed >= 1 else ""
            progress.update(task, completed=done, total=total, rate=rate)

        yield report


def duration(seconds: float) -> str:
    minutes, hours = math.ceil(seconds / 60), int(seconds // 3600)
    if seconds < 100:
        return f"{math.ceil(seconds)} s"
    return f"{minutes} min" if hours < 2 else f"{hours} h {minutes - 60 * hours} min"
