"""How is text of any kind drawn? On one line, not too long, and with glyphs that are there.

Paper     none
Tutorial  tutorials/11_likelihood.py
Tests     tests/plots/test_words.py

Titles and tokens come from anywhere. Letters that no font here has are drawn as ▯, and no warning is left for whoever
draws the figure; the text alternative has them as they are.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence

from minirag.plots.fonts import glyphs

TURNS_TEXT = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # bidi controls
UNKNOWN, NO_GLYPH, ONLY_SPACE = "\ufffd", "▯", "␣"
WIDE = frozenset("MWmw@%…—" + UNKNOWN + NO_GLYPH)
TITLE = 24  # characters of a passage title or token


def one_line(text: str) -> str:
    """Single spaces; what is not a character of text (a control, a half pair, a turn of direction) is U+FFFD."""
    words = " ".join(text.split())
    bad = ("Cc", "Cs", "Co", "Cn")
    return "".join(UNKNOWN if unicodedata.category(c) in bad or c in TURNS_TEXT else c for c in words)


def width(text: str) -> int:
    """In columns of a terminal: a Chinese character takes two, an accent none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )


def inches(text: str, points: int) -> float:
    """About how wide a text is drawn, or a little more: a label that is thought too narrow leaves its axes no room."""
    return sum(em(character) for character in text) * points / 72


def em(character: str) -> float:
    """Of its size, in DejaVu Sans: a small letter takes 0.6 on average, W and ▯ all of it."""
    if unicodedata.combining(character):
        return 0.0
    if character in WIDE or width(character) == 2:
        return 1.0
    return 0.78 if character.isupper() else 0.6


def short(text: str, limit: int = TITLE) -> str:
    """One line of at most `limit` columns, with … where something was left out."""
    line = one_line(text)
    if width(line) <= limit:
        return line
    while width(line) > limit - 1:
        line = line[:-1]
    return line.rstrip() + "…"


def drawable(text: str) -> str:
    """One line in which every character has a glyph. Invisible joiners and variation marks without one are left out."""
    invisible = ("Cf", "Mn", "Me")
    return "".join(
        c if ord(c) in glyphs() else "" if unicodedata.category(c) in invisible else NO_GLYPH for c in one_line(text)
    )


def names(texts: Sequence[str], limit: int = TITLE) -> list[str]:
    """Titles as they are drawn."""
    return [drawable(short(text, limit)) for text in texts]


def distinct(titles: Sequence[str], limit: int = TITLE) -> list[str]:
    """Several passages may have one title: from the second on it carries its count, "Polonium (2)"."""
    seen: Counter[str] = Counter()
    told = []
    for title in titles:
        line = one_line(title)
        seen[line] += 1
        again = f" ({seen[line]})" if seen[line] > 1 else ""
        told.append(short(line, limit - len(again)) + again if again else line)
    return told


def pieces(tokens: Sequence[str], limit: int = TITLE) -> list[str]:
    """Tokens as they are drawn: the space in front of a word goes, a token that is nothing else stays visible."""
    return [ONLY_SPACE if token and not token.strip() else drawable(short(token, limit)) for token in tokens]


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
