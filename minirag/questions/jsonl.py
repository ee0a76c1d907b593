"""Questions as one JSON object a line: our own, and those of NQ-open.

Paper     RAG §3.1; Lee et al. 2019 (NQ-open)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/questions/test_jsonl.py

    jsonl      {"question": "…", "answers": ["…", …], "gold": [passage, …], "negatives": [passage, …]}
    nq-open    {"question": "…", "answer": ["…", …]}

A passage is its id in a knowledge base, or an object {"title": "…", "text": "…"}. `gold` names the passages that state the
answer, `negatives` some that do not; both may be missing. Other keys are ignored.
"""

from array import array
from pathlib import Path
from typing import Any

from minirag.questions.question import Question
from minirag.questions.records import Record, answers_of, filled_text, listed, parsed, passage_of
from minirag.questions.sequence import Progress, Questions
from minirag.questions.stored_file import MARK, StoredFile
from minirag.retrieval.passages import Passage


def open_jsonl(path: Path, answers: str = "answers", progress: Progress | None = None) -> Questions:
    """`answers`: the key they stand under. Blank lines are skipped; ValueError names file and line."""
    file = StoredFile(path)
    starts, ends, numbers = array("Q"), array("Q"), array("Q")

    def read(index: int) -> Question:
        place = f"{path}:{numbers[index]}"
        return question_of(parsed(file.text(starts[index], ends[index], numbers[index]), place), answers, place)

    for number, start, line in file.lines():
        if line.removeprefix(MARK).strip():
            starts.append(start)
            ends.append(start + len(line))
            numbers.append(number)
    return Questions(path, read, len(starts), progress=progress)


def question_of(record: Record, answers: str, place: str) -> Question:
    question = filled_text(record, "question", place)
    gold, positives = ids_and_passages(listed(record, "gold", place), "gold", place)
    negative_ids, negatives = ids_and_passages(listed(record, "negatives", place), "negatives", place)
    return Question(question, answers_of(record, answers, place), gold, positives, negatives, negative_ids)


def ids_and_passages(values: list[Any], key: str, place: str) -> tuple[tuple[str, ...], tuple[Passage, ...]]:
    if not all(isinstance(value, (str, dict)) for value in values):
        raise ValueError(f'{place}: "{key}" must be a list of passage ids or passages')
    ids = tuple(value for value in values if isinstance(value, str))
    return ids, tuple(passage_of(value, f'{place}: "{key}"') for value in values if isinstance(value, dict))
