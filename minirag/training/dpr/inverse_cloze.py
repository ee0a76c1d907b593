"""How does a retriever learn without questions? A sentence is asked for the paragraph that it was taken from.

Paper     Lee et al. 2019 (ORQA), §4 (inverse cloze task: the sentence stays in the paragraph one time in ten)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_inverse_cloze.py

That a title names what its text is about is the other lesson that plain text teaches.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from minirag.questions.stored_file import StoredFile
from minirag.retrieval.passages import Passage
from minirag.training.dpr.batches import Example

SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])")
STAYS, TITLE_ASKED = 0.1, 0.15  # how often the sentence stays where it was; how often the title is the question


def cloze(paragraph: Passage, rng: Random) -> Example:
    """A sentence → its paragraph without it (mostly), or the title → the text."""
    sentences = SENTENCE_END.split(paragraph.text)
    if paragraph.title and (len(sentences) == 1 or rng.random() < TITLE_ASKED):
        return example(paragraph.title, Passage(paragraph.id, "", paragraph.text))
    if len(sentences) == 1:
        sentences = halves(paragraph.text)
    asked = sentences.pop(rng.randrange(len(sentences)))
    rest = paragraph.text if rng.random() < STAYS or not sentences else " ".join(sentences)
    return example(asked, Passage(paragraph.id, paragraph.title, rest))


def example(question: str, passage: Passage) -> Example:
    return Example(question, (), (passage,), ())


def halves(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]


def open_paragraphs(paths: Sequence[str | Path]) -> "list[Callable[[], Passage]]":
    """A reader of each paragraph: a line of plain text, or of JSON with "text" and perhaps "title"; also packed with gzip.

    Nothing is kept but where each stands. ValueError: a file that holds none; a line that cannot be read, when it is read.
    """
    found: list[Callable[[], Passage]] = []
    for path in map(Path, paths):
        file, before = StoredFile(path), len(found)
        is_json = ".jsonl" in path.suffixes
        for number, start, line in file.lines():
            if len(line.split()) > 3:
                found.append(reader(file, start, start + len(line), number, is_json))
        if len(found) == before:
            raise ValueError(f"{path}: holds no paragraph")
    return found


def reader(file: StoredFile, start: int, end: int, number: int, is_json: bool) -> Callable[[], Passage]:
    def read() -> Passage:
        line, place = file.text(start, end, number), f"{file.path}:{number}"
        if not is_json:
            return Passage(place, "", line.strip())
        try:
            record = json.loads(line)
            return Passage(place, str(record.get("title") or ""), str(record["text"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f'{place}: not a JSON object with a "text"') from None

    return read
