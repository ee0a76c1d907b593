"""How is a .txt or .md file read? As one document; of a .md the first heading is the title.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_reading.py
"""

import re
from collections.abc import Iterator
from pathlib import Path

from minirag.documents.document import Document, Mark, NotRead, title_of
from minirag.documents.lines import numbered_lines

HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*")
FENCE = ("```", "~~~")  # between two of these a # is no heading


def read_text(path: Path) -> Iterator[Document]:
    """Its title is the name of the file."""
    text = "".join(text for _, text in numbered_lines(path))
    if not text.strip():
        raise NotRead(path, "holds no text")
    yield Document(title_of(path), text)


def read_markdown(path: Path) -> Iterator[Document]:
    """The first heading is the title, and is taken out of the text."""
    lines = [text for _, text in numbered_lines(path)]
    number, title = first_heading(lines)
    if number is None:
        before, after, heading = "".join(lines), "", 0
    else:
        before, after, heading = "".join(lines[:number]), "".join(lines[number + 1 :]), len(lines[number])
    text = before + after
    if not text.strip():
        raise NotRead(path, "holds no text" + ("" if number is None else " but its heading"))
    if number is None:
        yield Document(title_of(path), text)
        return
    start = len(text) - len(text.lstrip())
    behind = max(len(before) - start, 0)  # where the text goes on behind the heading
    marks = (Mark(0, start), Mark(behind, max(len(before), start) + heading)) if behind else (Mark(0, start + heading),)
    yield Document(title, text.strip(), marks=marks)


def first_heading(lines: list[str]) -> tuple[int | None, str]:
    """(its number from 0, its words)."""
    in_fence = False
    for number, text in enumerate(lines):
        in_fence ^= text.lstrip().startswith(FENCE)
        heading = None if in_fence else HEADING.fullmatch(text.strip())
        if heading and heading[1]:
            return number, heading[1]
    return None, ""
