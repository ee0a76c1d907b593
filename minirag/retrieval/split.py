"""Where is a long text cut? Into passages of about 100 words, at the ends of sentences.

Paper     RAG §3 (Wikipedia in disjoint passages of 100 words); here they end with a sentence where there is one
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_split.py
"""

import re

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
    if words < 2:
        raise ValueError(f"words={words} per passage must be at least 2")
    spans = [match.span() for match in WORD.finditer(text)]
    if len(spans) <= 1.5 * words:
        return [text]
    ends = cuts(sentence_ends(text, spans), words)
    starts = [0, *ends[:-1]]
    return [text[spans[start][0] : spans[end - 1][1]] for start, end in zip(starts, ends, strict=True)]


def cuts(ends_sentence: list[bool], words: int) -> list[int]:
    """After how many words each piece ends. What is left is never less than half a passage."""
    total, done, found = len(ends_sentence), 0, []
    while total - done > 1.5 * words:
        first, last = done + (words + 1) // 2, min(done + int(1.5 * words), total - (words + 1) // 2)
        candidates = [end for end in range(first, last + 1) if ends_sentence[end - 1]]
        done = min(candidates, key=lambda end: abs(end - done - words), default=done + words)
        found.append(done)
    return [*found, total]


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
    return [
        ends_sentence(text[start:end], text[end:after], text[after : after + 1])
        for (start, end), after in zip(spans, following, strict=True)
    ]


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
