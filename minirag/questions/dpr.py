"""Questions with passages that do and do not answer them, as DPR published them: one JSON array, often of gigabytes.

Paper     DPR §3.2, §4.1 (positive passages, BM25's hard negatives)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/questions/test_dpr.py

    [{"question": "…", "answers": ["…"], "positive_ctxs": […], "negative_ctxs": […], "hard_negative_ctxs": […]}, …]

and a passage is {"title": "…", "text": "…", "passage_id": "…"}. Any of the three lists may be missing.
"""

from array import array
from pathlib import Path

from minirag.documents.json_values import Bytes, after_space, elements, first_byte
from minirag.questions.question import Question
from minirag.questions.records import Record, answers_of, filled_text, listed, parsed, passage_of
from minirag.questions.sequence import Progress, Questions
from minirag.questions.stored_file import StoredFile
from minirag.retrieval.passages import Passage


def open_dpr(path: Path, progress: Progress | None = None) -> Questions:
    """ValueError names the file and the record's number, from 1."""
    file = StoredFile(path)
    starts, ends = array("Q"), array("Q")
    data = file.mapped()
    try:
        for start, end in elements(data, first_byte(data)):
            starts.append(start)
            ends.append(end)
        check_rest(data, ends[-1] if ends else first_byte(data) + 1)
    except ValueError as error:
        raise ValueError(f"{path}: record {len(starts) + 1}: {error}") from None

    def read(index: int) -> Question:
        place = f"{path}: record {index + 1}"
        return question_of(parsed(utf8(file.read(starts[index], ends[index]), place), place), place)

    return Questions(path, read, len(starts), progress=progress)


def check_rest(data: Bytes, at: int) -> None:
    """Behind the last record stands `]`, and nothing else: a second array would go unread."""
    rest = after_space(data, after_space(data, at) + 1)
    if rest != len(data):
        raise ValueError(f"the array ends here, and more follows (byte {rest})")


def utf8(raw: bytes, place: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: is not UTF-8 text (byte 0x{raw[error.start]:02x})") from None


def question_of(record: Record, place: str) -> Question:
    """Plain negatives stand in only where there are no hard ones, as in DPR's own training."""
    question, answers = filled_text(record, "question", place), answers_of(record, "answers", place)
    hard = passages(record, "hard_negative_ctxs", place)
    negatives = hard or passages(record, "negative_ctxs", place)
    return Question(question, answers, positives=passages(record, "positive_ctxs", place), negatives=negatives)


def passages(record: Record, key: str, place: str) -> tuple[Passage, ...]:
    found = listed(record, key, place)
    return tuple(passage_of(value, f"{place}: {key} {n}") for n, value in enumerate(found, start=1))
