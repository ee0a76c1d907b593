"""Where is a long text cut? Into passages of about 100 words, at the ends of sentences.

Paper     RAG §3 (Wikipedia in disjoint passages of 100 words); here they end with a sentence where there is one
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_split.py
"""

import re
from collections.abc import Iterator
from itertools import islice

WORDS_PER_PASSAGE = 100

# A word: up to 40 characters without a space between them, or two of a script that puts no spaces between words
# (Chinese, Japanese, Thai), which is about a word there. So no text is one endless word.
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
WORD = re.compile(rf"[{UNSPACED}]{{1,2}}|[^\s{UNSPACED}]{{1,40}}")
CLOSING = "\"'”’»)]}」』"
ABBREVIATIONS = ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "no.", "vs.", "cf.", "ca.", "e.g.", "i.e.", "fig.")


def split_text(text: str, words: int = WORDS_PER_PASSAGE) -> list[str]:
    """Pieces of `text` that together hold all of its words in order; one of at most 1.5·words words stays as it is.

    Each piece has words/2 to 1.5·words words. It ends at the sentence end nearest to `words`; without one, at `words`.
    """
    return [text[start:end] for start, end in pieces(text, words)]


def pieces(text: str, words: int = WORDS_PER_PASSAGE) -> Iterator[tuple[int, int]]:
    """(first character, character behind it) of each piece, found one after another: 2·words words are looked at."""
    if words < 2:
        raise ValueError(f"words={words} per passage must be at least 2")
    ahead = (match.span() for match in WORD.finditer(text))
    window = list(islice(ahead, 2 * words + 1))
    if len(window) <= 1.5 * words:
        yield 0, len(text)
        return
    while window:
        count = words_in_piece(text, window, words)
        yield window[0][0], window[count - 1][1]
        del window[:count]
        window += islice(ahead, 2 * words + 1 - len(window))


def words_in_piece(text: str, window: list[tuple[int, int]], words: int) -> int:
    """`window`: the next 2·words + 1 words, or all that are left. What is left is never less than half a passage."""
    if len(window) <= 1.5 * words:
        return len(window)
    half = (words + 1) // 2
    possible = range(half, min(int(1.5 * words), len(window) - half) + 1)
    nearest_first = sorted(possible, key=lambda n: abs(n - words))
    ends = (n for n in nearest_first if ends_sentence(*around(text, window[n - 1], window[n][0])))
    return next(ends, words)


def sentences(text: str) -> list[tuple[int, int]]:
    """(first character, character behind it) of each sentence."""
    words = [match.span() for match in WORD.finditer(text)]
    if not words:
        return []
    ends = [end for (_, end), last in zip(words, sentence_ends(text, words), strict=True) if last]
    if not ends or ends[-1] != words[-1][1]:
        ends.append(words[-1][1])
    starts = [0, *ends[:-1]]
    return [(end - len(text[start:end].lstrip()), end) for start, end in zip(starts, ends, strict=True)]


def sentence_ends(text: str, spans: list[tuple[int, int]]) -> list[bool]:
    """For each word: does a sentence, or a paragraph, end with it?"""
    following = [start for start, _ in spans[1:]] + [len(text)]
    return [ends_sentence(*around(text, span, after)) for span, after in zip(spans, following, strict=True)]


def around(text: str, span: tuple[int, int], after: int) -> tuple[str, str, str]:
    """A word, the space behind it, and the next character."""
    return text[slice(*span)], text[span[1] : after], text[after : after + 1]


def ends_sentence(word: str, gap: str, next_character: str) -> bool:
    """`gap` is the space behind the word. "Dr." and "J." end no sentence, nor does a stop before a small letter."""
    if gap.count("\n") > 1:
        return True
    bare = word.rstrip(CLOSING)
    if bare.endswith(("。", "！", "？")):
        return True
    if not gap or not bare.endswith((".", "!", "?", "…")) or next_character.islower():
        return False
    is_initial = len(bare) == 2 and bare[0].isupper() and bare[1] == "."
    return not is_initial and bare.lstrip("([\"'“‘«").lower() not in ABBREVIATIONS
