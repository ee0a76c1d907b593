"""A few questions with their passages, for the tests of this folder."""

from collections.abc import Sequence

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage

PASSAGES = [
    Passage("a", "Bern", "Bern is the capital of Switzerland."),
    Passage("b", "Oslo", "Oslo is the capital of Norway."),
    Passage("c", "Norway", "The capital of Norway lies on a fjord."),
    Passage("d", "Oslo, again", "Oslo is the capital of Norway."),  # b under another name
    Passage("e", "Switzerland", "The mountains of Switzerland are high; Bern has 134,000 people."),
    Passage("f", "Mongolia", "Ulaanbaatar is the capital of Mongolia."),
]
QUESTIONS = [
    Question("What is the capital of Switzerland?", ("Bern",), gold=("a",), negative_ids=("c", "f")),
    Question("What is the capital of Norway?", ("Oslo",), gold=("b",), negative_ids=("e",)),
    Question("How many people live in Bern?", ("134,000",), gold=("e",), negative_ids=("a",)),
]


def lookup(ids: Sequence[str]) -> list[Passage]:
    known = {passage.id: passage for passage in PASSAGES}
    return [known[passage_id] for passage_id in ids]
