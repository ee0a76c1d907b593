"""What is a row of a .csv or .tsv file? Its columns are known by the header; without one, two are title and text.

Paper     none; `id text title` is the order of DPR's Wikipedia passages, psgs_w100.tsv
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_reading.py
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minirag.documents.document import Document
from minirag.documents.lines import numbered_lines

ID_NAMES = ("id", "_id")
TITLE_NAMES = ("title", "name", "heading")
TEXT_NAMES = ("text", "passage", "contents", "content", "body", "description")
LONGEST_FIELD = 2**31 - 1  # the csv module's own limit is 131,072 characters
QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Columns:
    """Which column holds what (None: there is no such column), and how many there are."""

    id: int | None
    title: int | None
    text: int
    count: int
    is_header: bool


def read_csv(path: Path) -> Iterator[Document]:
    """Commas; fields with commas or line ends in double quotes, as spreadsheets write them."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader((text for _, text in numbered_lines(path)), strict=True)
    yield from rows_of_table(path, numbered_records(path, reader))


def numbered_records(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """A record may go over several lines: it is named by its first."""
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{path}:{line}: is not a row of a .csv file ({error})") from None
        if record is None:
            return
        yield line, record


def read_tsv(path: Path) -> Iterator[Document]:
    """One line, one row. Quotes count only where they enclose a whole field, so a stray one swallows nothing."""
    lines = ((line, text.rstrip("\r\n")) for line, text in numbered_lines(path))
    records = ((line, [unquoted(field) for field in text.split("\t")] if text else []) for line, text in lines)
    yield from rows_of_table(path, records)


def unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if QUOTED.fullmatch(field) else field


def rows_of_table(path: Path, records: Iterator[tuple[int, list[str]]]) -> Iterator[Document]:
    columns: Columns | None = None
    for line, record in records:
        if not record:  # an empty line
            continue
        if columns is None:
            columns = columns_from(f"{path}:{line}", record)
            if columns.is_header:
                continue
        if len(record) != columns.count:
            raise ValueError(f"{path}:{line}: has {len(record)} columns, the first row has {columns.count}")
        name = record[columns.id] if columns.id is not None else None
        title = record[columns.title] if columns.title is not None else ""
        yield Document(title, record[columns.text], line, name)


def columns_from(where: str, first: Sequence[str]) -> Columns:
    """The first row is a header when it has a column called text (or passage, content, …)."""
    names = [name.strip().lower() for name in first]
    text = column(where, names, TEXT_NAMES)
    if text is None:
        if len(first) != 2:
            raise ValueError(
                f"{where}: {len(first)} columns and no header row; name them id, title, text in the first line"
            )
        return Columns(None, 0, 1, 2, is_header=False)
    name, title = column(where, names, ID_NAMES), column(where, names, TITLE_NAMES)
    return Columns(position(names, name), position(names, title), names.index(text), len(first), is_header=True)


def column(where: str, names: Sequence[str], accepted: Sequence[str]) -> str | None:
    """The first accepted name that is there. Two columns of one name are an error, because either could be meant."""
    found = next((name for name in accepted if name in names), None)
    if found is not None and list(names).count(found) > 1:
        raise ValueError(f"{where}: has two columns named {found!r}")
    return found


def position(names: Sequence[str], name: str | None) -> int | None:
    return None if name is None else names.index(name)
