"""Is a record what it must be? What every reader asks of JSON that others wrote; a fault is named with its place.

Paper     none
Tutorial  tutorials/17_training_rag.py
Tests     tests/questions/test_jsonl.py, tests/questions/test_dpr.py
"""

import hashlib
import json
import re
from typing import Any

from minirag.retrieval.passages import Passage

Record = dict[str, Any]
HALF = re.compile("[\ud800-\udfff]")  # of a character: a lone surrogate


def parsed(text: str, place: str) -> Record:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: not JSON ({error})") from None
    return as_object(record, place)


def as_object(value: Any, place: str) -> Record:
    if not isinstance(value, dict):
        raise ValueError(f"{place}: not a JSON object")
    return value


def filled_text(record: Record, key: str, place: str) -> str:
    text = record.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f'{place}: "{key}" must be a text that is not empty')
    return whole(text, key, place)


def any_text(record: Record, key: str, place: str) -> str:
    """A missing key or null is an empty text."""
    text = "" if record.get(key) is None else record[key]
    if not isinstance(text, str):
        raise ValueError(f'{place}: "{key}" must be a text')
    return whole(text, key, place)


def whole(text: str, key: str, place: str) -> str:
    if HALF.search(text):
        raise ValueError(f'{place}: "{key}" holds half a character (lone surrogate)')
    return text


def listed(record: Record, key: str, place: str) -> list[Any]:
    """record[key]; a missing key is an empty list."""
    value = record.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f'{place}: "{key}" must be a list')
    return value


def answers_of(record: Record, key: str, place: str) -> tuple[str, ...]:
    """At least one, none of them empty."""
    answers = record.get(key, [])
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        raise ValueError(f'{place}: "{key}" must be a list of texts')
    if not answers:
        raise ValueError(f'{place}: "{key}" holds no answer')
    if not all(answer.strip() for answer in answers):
        raise ValueError(f'{place}: "{key}" holds an empty answer')
    return tuple(whole(answer, key, place) for answer in answers)


def passage_of(value: Any, place: str) -> Passage:
    """A passage that is written out: text, and title and id where it has them.

    Without an id it is called after its contents, so that the same passage has the same name wherever it occurs.
    """
    record = as_object(value, place)
    title, text = any_text(record, "title", place), filled_text(record, "text", place)
    for key in ("id", "passage_id", "psg_id"):  # ours, DPR's, DPR's before
        name = record.get(key)
        if isinstance(name, (str, int)) and not isinstance(name, bool):
            return Passage(str(name), title, text)
    return Passage(hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()[:16], title, text)
