"""Which questions are in this file? Of five kinds, told apart by what stands in them.

Paper     RAG §3.1, App. D (the data sets)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/questions/test_reading.py

    jsonl           one object a line: question, answers, gold, negatives        (jsonl.py)
    nq-open         one object a line: question, answer                          (jsonl.py)
    dpr             an array of objects with positive_ctxs, hard_negative_ctxs   (dpr.py)
    squad           articles, paragraphs, questions                              (squad.py)
    source-target   train.source and train.target, line by line                  (source_target.py)

Each may be packed with gzip.
"""

from collections.abc import Callable
from pathlib import Path

from minirag.documents.json_values import first_byte, members
from minirag.questions.dpr import open_dpr
from minirag.questions.jsonl import open_jsonl
from minirag.questions.question import Question
from minirag.questions.sequence import Progress, Questions
from minirag.questions.source_target import open_source_target, pair_of_files
from minirag.questions.squad import open_squad
from minirag.questions.stored_file import StoredFile

OPENERS: dict[str, Callable[[Path, Progress | None], Questions]] = {
    "jsonl": lambda path, progress: open_jsonl(path, "answers", progress),
    "nq-open": lambda path, progress: open_jsonl(path, "answer", progress),
    "dpr": open_dpr,
    "squad": open_squad,
    "source-target": open_source_target,
}


def read_questions(path: str | Path, kind: str | None = None) -> list[Question]:
    """All of them, in memory. ValueError as in `open_questions`."""
    return list(open_questions(path, kind))


def open_questions(path: str | Path, kind: str | None = None, progress: Progress | None = None) -> Questions:
    """All of them, checked once and read when asked for: only where they stand in the file is kept.

    ValueError: a file that cannot be read, holds no question or is of no known kind; else the line or record at fault.
    """
    path = Path(path)
    kind = kind_of(path) if kind is None else kind
    if kind not in OPENERS:
        raise ValueError(f"kind={kind!r} is not one of {', '.join(OPENERS)}")
    return OPENERS[kind](path, progress)


def kind_of(path: Path) -> str:
    """From the first JSON value of the file. What is no JSON at all is read as jsonl, which says which line is at fault."""
    if pair_of_files(path) is not None:
        return "source-target"
    if path.is_dir():
        raise ValueError(f"{path}: is a folder without train.source and train.target")
    data = StoredFile(path).mapped()
    start = first_byte(data)
    if data[start : start + 1] == b"[":
        return "dpr"
    try:
        keys = [key for key, _ in members(data, start)] if data[start : start + 1] == b"{" else []
    except ValueError:
        return "jsonl"
    if b"data" in keys and b"question" not in keys:
        return "squad"
    return "nq-open" if b"answer" in keys and b"answers" not in keys else "jsonl"
