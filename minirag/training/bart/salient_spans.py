"""What in a sentence could somebody ask for? A name, a date, a number; and, less often, a plain phrase.

Paper     Guu et al. 2020 (REALM), §3.4 (salient spans: names and dates); T5's salient span masking, RAG table 1; not in BART
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_salient_spans.py

REALM finds spans with a tagger that was trained on annotated text. Here capitals, digits and function words must do: they
are wrong now and then, which costs a lesson and no more.
"""

import re
from typing import NamedTuple

LITTLE = """
the a an of in on at to for from by with and or but nor as is are was were be been being am has have had having it
its he his him she her hers they their them this that these those which who whom whose what when where how why not
no i you we our your my into onto over under after before during between among through about than then also such can
could may might will would shall should must do does did there here so if while because since although though
however both either neither each every other another more most many much some any all few several only up down out
off again further thus therefore hence yet even per via too within without upon against toward towards until unless
whether
"""
FUNCTION_WORDS = frozenset(LITTLE.split())
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
YEAR = r"(?:1\d{3}|20\d\d)"
UNIT = "(?:percent|million|billion|thousand|years|km|miles|people)"
CAPITAL = r"[A-Z][\w’'.&-]*\w"
PATTERN = re.compile(
    rf"(?P<date>\b(?:\d\d? )?{MONTH}(?: \d\d?(?:st|nd|rd|th)?)?(?:,? {YEAR})?\b(?<!\bMay)(?<!\bMarch))"
    rf"|(?P<year>\b{YEAR}s?\b(?![,.]\d))"
    rf"|(?P<number>(?<![\w.,-])[$£€]?\d[\d,.]*(?<=\d)(?: ?%| {UNIT}\b)?(?!\w))"
    rf"|(?P<name>\b{CAPITAL}(?: (?:(?:of|the|de|du|von|van|and|al|for) ){{0,2}}{CAPITAL})*)"
    r"|(?P<word>[a-z][\w’'-]*)"
)
LONGEST, SHORTEST = 60, 2  # characters of an answer
PHRASE = 4  # words, at most


class Span(NamedTuple):
    """text[start:end], and what it is: date, year, number, name or phrase."""

    start: int
    end: int
    kind: str


def salient_spans(text: str, start: int, end: int) -> list[Span]:
    """Everything in text[start:end], a sentence, that could be asked for, from left to right; nothing overlaps."""
    found: list[Span] = []
    for match in PATTERN.finditer(text, start, end):
        kind = match.lastgroup or ""
        if kind == "word":
            add_word(found, Span(*match.span(), "phrase"), text)
        elif kind == "name":
            name = without_function_word(Span(*match.span(), "name"), text, start)
            if name is not None:
                found.append(without_possessive(name, text))
        else:
            found.append(Span(*match.span(), kind))
    return [span for span in found if SHORTEST <= span.end - span.start <= LONGEST]


def add_word(found: list[Span], word: Span, text: str) -> None:
    """A plain word begins a phrase, or goes on with the one that ends in front of it; function words do neither."""
    if text[word.start : word.end] in FUNCTION_WORDS:
        return
    last = found[-1] if found else Span(0, -1, "")
    together = last.kind == "phrase" and last.end + 1 == word.start and text[last.end] == " "
    if together and text[last.start : last.end].count(" ") < PHRASE - 1:
        found[-1] = Span(last.start, word.end, "phrase")
    else:
        found.append(word)


def without_function_word(name: Span, text: str, sentence: int) -> Span | None:
    """A capital at the beginning of a sentence says nothing: a first word is a name if it is one elsewhere in the text."""
    first = text[name.start : name.end].split(" ")[0]
    if first.lower() in FUNCTION_WORDS:
        rest = name.start + len(first) + 1
        while text[rest : name.end].split(" ")[0] in FUNCTION_WORDS:
            rest += len(text[rest : name.end].split(" ")[0]) + 1
        return Span(rest, name.end, "name") if rest < name.end else None
    alone = first == text[name.start : name.end]
    if name.start == sentence and alone and not re.search(rf"[a-z,] {re.escape(first)}\b", text):
        return None
    return name


def without_possessive(name: Span, text: str) -> Span:
    """America's → America."""
    return Span(name.start, name.end - 2, "name") if text[name.end - 2 : name.end] in ("'s", "’s") else name
