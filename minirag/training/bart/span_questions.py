"""How does a sentence become a question without anybody writing one? The span asked for gives way to a question word.

Paper     Lewis, Denoyer, Riedel 2019 (unsupervised question answering by cloze translation), §2.3; not in RAG or BART
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/bart/test_span_questions.py

    Marie Curie discovered radium in 1898.  →  Marie Curie discovered radium in what year?   (the gap stays in its place)
                                            →  In what year did Marie Curie discovered radium?   (it comes first)

The grammar is as wrong as in the second line. What is learned is to find the words around the gap again in the passage, and
to write what stands between them there.
"""

from random import Random

from minirag.documents.split import sentences
from minirag.training.bart.salient_spans import FUNCTION_WORDS, Span, salient_spans
from minirag.training.texts import Text

LIKELY = {"date": 1.0, "year": 1.0, "number": 1.0, "name": 1.0, "phrase": 0.3}  # how often each kind is asked for
ASKED = {
    "date": ("when", "when", "on what date", "what date"),
    "year": ("when", "when", "in what year", "what year"),
    "number": ("how many", "how many", "how much", "what number of"),
    "name": ("who", "who", "what", "which", "what is the name of"),
    "place": ("where", "where", "what place", "which place"),
    "phrase": ("what", "what", "what kind of", "which", "how"),
}
AUXILIARIES = {
    "was",
    "were",
    "is",
    "are",
    "has",
    "had",
    "have",
    "can",
    "could",
    "will",
    "would",
    "may",
    "might",
    "did",
    "does",
}
PREPOSITIONS = {"in", "on", "at", "by", "of", "from", "to", "for", "with", "since", "until", "during"}
PRONOUNS = {"It", "He", "She", "They", "This", "These"}
TRIES = 4  # sentences looked at before a text is given up
WORDS = (5, 15)  # of the sentence, in a question: as many as people use
CONTENT = 2  # of them, at least, must say something


def span_question(text: Text, rng: Random) -> tuple[str, Span] | None:
    """(question, where its answer stands in the text); None where nothing was found to ask for."""
    bounds = [(start, end) for start, end in sentences(text.text) if 25 < end - start < 400]
    for start, end in rng.sample(bounds, min(TRIES, len(bounds))):
        spans = [span for span in salient_spans(text.text, start, end) if can_be_asked(text.text, span, start, end)]
        if spans:
            span = rng.choices(spans, [LIKELY[span.kind] for span in spans])[0]
            question = asked(text, start, end, span, rng)
            if text.text[span.start : span.end].casefold() not in question.casefold():
                return question, span
    return None


def can_be_asked(text: str, span: Span, start: int, end: int) -> bool:
    """Enough of the sentence is left, and the answer does not stand all over the text."""
    return end - start - (span.end - span.start) > 20 and text.count(text[span.start : span.end]) <= 2


def asked(text: Text, start: int, end: int, span: Span, rng: Random) -> str:
    """The sentence with a question word for the span, cut to the length of a question."""
    left, right = text.text[start : span.start].split(), text.text[span.end : end].strip(" ,.!?;:").split()
    before = left[-1].lower() if left else ""
    if text.title and left and left[0] in PRONOUNS:
        left[0] = text.title
    left, right = around(left, right, rng.randint(*WORDS), rng)
    word = rng.choice(ASKED["place" if span.kind == "name" and before in ("in", "at", "from", "to") else span.kind])
    words = [*left, word, *right] if rng.random() < 0.2 else gap_first(left, word, right, span.kind, rng)
    if sum(word.lower() not in FUNCTION_WORDS for word in words) < CONTENT:
        words = [*left, word, *right]
    question = without_marks(" ".join(words))
    return question[:1].upper() + question[1:] + "?"


def around(left: list[str], right: list[str], keep: int, rng: Random) -> tuple[list[str], list[str]]:
    """`keep` words next to the gap, some from either side."""
    if len(left) + len(right) <= keep:
        return left, right
    from_left = min(len(left), max(round(keep * rng.random()), keep - len(right)))
    return left[len(left) - from_left :], right[: keep - from_left]


def gap_first(left: list[str], word: str, right: list[str], kind: str, rng: Random) -> list[str]:
    """`Curie worked in _ for years` → `where Curie worked for years`, a helping verb right behind the question word."""
    if left and left[-1].lower() in PREPOSITIONS and word.split()[0] != "what" and rng.random() < 0.7:
        left = left[:-1]
    if left and left[-1].lower() in ("the", "a", "an"):
        left = left[:-1]
    helping = next((place for place, other in enumerate(left) if other in AUXILIARIES), None)
    if helping is not None:
        left = [left[helping], *left[:helping], *left[helping + 1 :]]
    elif left and kind != "number" and rng.random() < 0.5:
        left = [rng.choice(("did", "did", "was", "does", "is")), *left]
    left = [small(other) if place == 0 else other for place, other in enumerate(left)]
    return [word, *left, *right] if rng.random() < 0.8 else [word, *right, *left]


def small(word: str) -> str:
    """The first word of a sentence where it no longer stands there."""
    return word.lower() if word.lower() in FUNCTION_WORDS else word


def without_marks(question: str) -> str:
    """No brackets and quotation marks: half of a pair may be gone."""
    return "".join(mark for mark in question if mark not in '()[]"“”„').strip(" ,;:.-–")
