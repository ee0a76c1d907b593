"""Which questions are asked, and which answers count as right?

Paper     RAG §3.1 (a question may have several reference answers)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_questions.py

A file has one JSON object a line: {"question": "…", "answers": ["…", …], "gold": [passage id, …]}. Other keys are
ignored. `gold` names the passages that state the answer, and may be missing: then only answers are judged.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minirag.retrieval.lines import numbered_lines


@dataclass(frozen=True)
class Question:
    """A question, every answer that counts as right, and the ids of the passages that state it."""

    question: str
    answers: tuple[str, ...]
    gold: tuple[str, ...] = ()


def read_questions(path: str | Path) -> list[Question]:
    """Every question of a JSONL file, blank lines skipped. ValueError names file and line."""
    questions = [question_of(line, f"{path}:{number}") for number, line in numbered_lines(Path(path)) if line.strip()]
    if not questions:
        raise ValueError(f"{path}: holds no question")
    return questions


def question_of(line: str, place: str) -> Question:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: not JSON ({error})") from None
    if not isinstance(record, dict):
        raise ValueError(f"{place}: not a JSON object")
    question = record.get("question")
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f'{place}: "question" must be a text that is not empty')
    answers = texts_of(record, "answers", place)
    if not answers:
        raise ValueError(f'{place}: "answers" holds no answer')
    return Question(question, answers, texts_of(record, "gold", place))


def texts_of(record: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
    """record[key] as texts; a missing key is none of them."""
    texts = record.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f'{place}: "{key}" must be a list of texts')
    return tuple(texts)
