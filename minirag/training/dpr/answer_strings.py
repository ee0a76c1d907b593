"""Does a passage hold an answer? Word for word, whatever the case and the marks between the words.

Paper     DPR §3.2 (BM25 negatives: "which don't contain the answer but match most question tokens")
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_answer_strings.py
"""

from collections.abc import Collection

from minirag.retrieval.bm25 import words
from minirag.retrieval.passages import Passage


def holds_answer(passage: Passage, answers: Collection[str]) -> bool:
    """Do the words of one of the answers stand in title or text, one after the other? "10" does not stand in "1066"."""
    told = spaced(f"{passage.title} {passage.text}")
    return any(spaced(answer) in told for answer in answers if spaced(answer).strip())


def spaced(text: str) -> str:
    """` new york s mayor ` of `New York's mayor`: a run of words is then a part of the string."""
    return " " + " ".join(words(text)).casefold() + " "
