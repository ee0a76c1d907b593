"""How do my own documents become passages? Files of five kinds are read line by line; long texts are split.

Paper     RAG §3 (what it did with Wikipedia)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/retrieval/test_documents.py

    .jsonl      one object per line: "text", and "title" and "id" where there are any
    .csv .tsv   with a header row, or two columns: title, text (tables.py)
    .txt .md    one document per file; its title is the file's name, or the first heading of a .md

Every row or file gives at least one passage. A row without an id is called after its file and line, `facts.csv:12`,
a whole file after its name, `notes.txt`; the pieces of a long text are `notes.txt#1`, `notes.txt#2`, …
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from minirag.retrieval.lines import Row, numbered_lines
from minirag.retrieval.passages import Passage
from minirag.retrieval.split import WORDS_PER_PASSAGE, split_text
from minirag.retrieval.tables import TEXT_NAMES, TITLE_NAMES, column, read_csv, read_tsv

HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*")


def read_documents(paths: Iterable[str | Path], words: int | None = WORDS_PER_PASSAGE) -> Iterator[Passage]:
    """All passages of all files, in order. `words`: the length of a passage; None leaves every text whole.

    ValueError: "file:line: what is wrong".
    """
    for path in map(Path, paths):
        reader = reader_for(path)
        count = 0
        for row in reader(path):
            yield from passages_of(path, row, words)
            count += 1
        if count == 0:
            raise ValueError(f"{path}: holds no passages")


def reader_for(path: Path) -> Callable[[Path], Iterator[Row]]:
    readers = {".jsonl": read_jsonl, ".csv": read_csv, ".tsv": read_tsv, ".txt": read_text, ".md": read_markdown}
    if path.is_dir():
        raise ValueError(f"{path}: is a folder; give the files in it")
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path}: kind of file {path.suffix!r} is unknown (one of {', '.join(readers)})")
    return readers[path.suffix.lower()]


def passages_of(path: Path, row: Row, words: int | None) -> list[Passage]:
    for name, value in (("id", row.id or ""), ("title", row.title), ("text", row.text)):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(f"{path}:{row.line}: the {name} holds half a character (lone surrogate)")
    name = row.id if row.id is not None else f"{path.as_posix()}:{row.line}"
    pieces = [row.text] if words is None else split_text(row.text, words)
    if len(pieces) == 1:
        return [Passage(name, row.title, row.text)]
    return [Passage(f"{name}#{number}", row.title, piece) for number, piece in enumerate(pieces, start=1)]


def read_jsonl(path: Path) -> Iterator[Row]:
    for line, text in numbered_lines(path):
        if text.strip():
            yield row_from_object(path, line, parsed(path, line, text))


def parsed(path: Path, line: int, text: str) -> dict[str, Any]:
    try:
        entry = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{line}: is not JSON ({error.msg}, column {error.colno})") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, or 100,000 brackets
        raise ValueError(f"{path}:{line}: is not JSON that can be read ({error})") from None
    if not isinstance(entry, dict):
        raise ValueError(f"{path}:{line}: is not a JSON object")
    return entry


def row_from_object(path: Path, line: int, entry: dict[str, Any]) -> Row:
    where = f"{path}:{line}"
    text_name, title_name = column(where, list(entry), TEXT_NAMES), column(where, list(entry), TITLE_NAMES)
    if text_name is None:
        raise ValueError(f"{where}: has no 'text'")
    name = entry.get("id")
    if name is not None and (isinstance(name, bool) or not isinstance(name, (str, int))):
        raise ValueError(f"{where}: the id {name!r:.40} is neither text nor a whole number")
    title = entry[title_name] if title_name is not None else None
    for key, value in ((text_name, entry[text_name]), (title_name, "" if title is None else title)):
        if not isinstance(value, str):
            raise ValueError(f"{where}: {key!r} is not text but {value!r:.40}")
    return Row(line, None if name is None else str(name), title or "", entry[text_name])


def read_text(path: Path) -> Iterator[Row]:
    text = "".join(text for _, text in numbered_lines(path))
    yield Row(1, path.as_posix(), path.stem, text)


def read_markdown(path: Path) -> Iterator[Row]:
    """The first heading is the title, and is taken out of the text."""
    lines = [text for _, text in numbered_lines(path)]
    for number, text in enumerate(lines):
        heading = HEADING.fullmatch(text.strip())
        if heading and heading[1]:
            yield Row(1, path.as_posix(), heading[1], "".join(lines[:number] + lines[number + 1 :]).strip())
            return
    yield Row(1, path.as_posix(), path.stem, "".join(lines))
