"""How does a retriever learn without questions? A sentence is asked for the paragraph that it was taken from.

Paper     Lee et al. 2019 (ORQA), §4 (inverse cloze task: the sentence stays in the paragraph one time in ten)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_inverse_cloze.py

That a title names what its text is about is the other lesson that plain text teaches.

Two kinds: a sentence as it stands, or words of a stretch, some of them dropped and the title before them now and then. The
second looks more like what people type, and a paragraph can be asked several such questions in one batch.
"""

from dataclasses import dataclass
from random import Random

from minirag.documents.split import sentences
from minirag.retrieval.passages import Passage
from minirag.training.dpr.batches import Example

WORDS = 4  # of a paragraph: a fact in one short sentence is asked by its title
TITLE_ASKED = 0.15  # how often the title is the question
STRETCH, KEPT, TITLE_LEADS = (4, 16), 0.7, 0.3  # words of a stretch; the share that is asked; how often the title leads


@dataclass(frozen=True)
class Cloze:
    """words: some words of a stretch, else a sentence. count: stretches of a paragraph. stays: how often they stay in it."""

    words: bool = False
    count: int = 1
    stays: float = 0.1

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.stays <= 1:
            raise ValueError(f"{self.count} questions of a paragraph that stay in it {self.stays:.0%} of the time")
        if self.count > 1 and not self.words:
            raise ValueError(f"a paragraph is asked by one sentence; {self.count} questions of it are made of words")


def questions_of(paragraph: Passage, rng: Random, cloze: Cloze) -> list[Example]:
    """What one paragraph is asked in a batch."""
    return stretches(paragraph, rng, cloze) if cloze.words else [sentence(paragraph, rng, cloze.stays)]


def stretches(paragraph: Passage, rng: Random, cloze: Cloze) -> list[Example]:
    """`count` stretches of the paragraph → the paragraph, whole or without all of them."""
    words = paragraph.text.split() or [paragraph.title]
    places = [stretch(len(words), rng) for _ in range(cloze.count)]
    asked = [[words[place] for place in run if rng.random() < KEPT] or [words[run[0]]] for run in places]
    taken = set() if rng.random() < cloze.stays else {place for run in places for place in run}
    rest = " ".join(word for place, word in enumerate(words) if place not in taken)
    whole = not taken or not rest
    golds = (paragraph,) if whole else (Passage(paragraph.id, paragraph.title, rest), paragraph)
    leads = [[paragraph.title] if paragraph.title and rng.random() < TITLE_LEADS else [] for _ in asked]
    return [Example(" ".join(lead + some), (), golds, ()) for lead, some in zip(leads, asked, strict=True)]


def stretch(count: int, rng: Random) -> range:
    """Places that follow each other, among `count`."""
    length = min(count, rng.randint(*STRETCH))
    first = rng.randint(0, count - length)
    return range(first, first + length)


def sentence(paragraph: Passage, rng: Random, stays: float) -> Example:
    """A sentence → its paragraph without it (mostly), or the title → the text."""
    parts = [paragraph.text[start:end] for start, end in sentences(paragraph.text)]
    if paragraph.title and (len(parts) < 2 or rng.random() < TITLE_ASKED):
        return example(paragraph.title, Passage(paragraph.id, "", paragraph.text))
    if len(parts) < 2:
        parts = halves(paragraph.text)
    asked = parts.pop(rng.randrange(len(parts)))
    rest = paragraph.text if rng.random() < stays else " ".join(parts)
    return example(asked, Passage(paragraph.id, paragraph.title, rest))


def example(question: str, passage: Passage) -> Example:
    return Example(question, (), (passage,), ())


def halves(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
