"""A file of questions as a sequence: any of them is read when it is asked for, and none is kept.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/questions/test_reading.py

Every record is read and checked once when the file is opened: a fault in the last line is told before the first step.
What is kept of each is three numbers or four: where it stands, and how many answers it has.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import overload

from minirag.questions.question import Question

Progress = Callable[[int, int | None], None]
EVERY = 1000  # questions between two reports of progress


class Questions(Sequence[Question]):
    """`skipped`: records that were left out because nothing in them answers the question (SQuAD 2's unanswerable ones)."""

    def __init__(
        self,
        path: Path,
        read: Callable[[int], Question],
        count: int,
        skipped: int = 0,
        progress: Progress | None = None,
    ) -> None:
        if count == 0:
            raise ValueError(f"{path}: holds no question")
        self.path, self.read, self.total, self.skipped = path, read, count, skipped
        self.answer_counts, self.lengths = array("L"), array("L")  # answers; characters of the question
        for number, question in enumerate(self, start=1):
            self.answer_counts.append(len(question.answers))
            self.lengths.append(len(question.question))
            if progress is not None and number % EVERY == 0:
                progress(number, count)

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[Question]:
        return (self.read(index) for index in range(self.total))

    @overload
    def __getitem__(self, index: int) -> Question: ...
    @overload
    def __getitem__(self, index: slice) -> list[Question]: ...
    def __getitem__(self, index: int | slice) -> Question | list[Question]:
        if isinstance(index, slice):
            return [self.read(i) for i in range(*index.indices(self.total))]
        if not -self.total <= index < self.total:
            raise IndexError(f"{self.path}: no question {index} of {self.total}")
        return self.read(index % self.total)
