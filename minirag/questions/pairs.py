"""Which answer is learned where a question has several? Each of them, or one that is drawn.

Paper     RAG App. D (each (question, answer) pair of a question with several answers is trained on)
Tutorial  tutorials/17_training_rag.py
Tests     tests/questions/test_pairs.py
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from minirag.questions.question import Question
from minirag.questions.sequence import Questions


class Pair(NamedTuple):
    question: Question
    answer: str


class Pairs(Sequence[Pair]):
    """Every (question, answer), the questions in their order; made when it is asked for."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = questions
        self.ends = array("Q", accumulate(answer_counts(questions)))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def __iter__(self) -> Iterator[Pair]:
        return (Pair(question, answer) for question in self.questions for answer in question.answers)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"no pair {index} of {len(self)}")
        number = bisect_right(self.ends, index % len(self))
        question = self.questions[number]
        return Pair(question, question.answers[index % len(self) - self.ends[number]])


def answer_counts(questions: Sequence[Question]) -> Sequence[int]:
    """A file that was opened has counted them already."""
    if isinstance(questions, Questions):
        return questions.answer_counts
    return [len(question.answers) for question in questions]


def pairs(questions: Sequence[Question]) -> Pairs:
    """Each answer of each question once."""
    return Pairs(questions)


def drawn_pair(questions: Sequence[Question], index: int, epoch: int, seed: int = 0) -> Pair:
    """Question `index` with one of its answers: the same one whenever seed, epoch and index are the same."""
    question = questions[index]
    return Pair(question, Random(f"{seed} {epoch} {index}").choice(question.answers))
