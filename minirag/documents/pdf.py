"""What does a PDF say? The text of its pages, one after another, with the page on which each character stands.

Paper     none
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_pdf.py

A scanned page is a picture: it has no text, and none is made up for it.
"""

import logging
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from minirag.documents.document import Document, Mark, NotRead, library, one_line, title_of


def read_pdf(path: Path) -> Iterator[Document]:
    """Its title is the one it gives itself, else the name of the file.

    pypdf reads what strangers made, and raises what comes to its mind: all of that is a fault of the file, or of the page.
    """
    pypdf = library("pypdf", path)
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells the terminal about every oddity that it copes with
    if not path.is_file():
        raise ValueError(f"{path}: cannot be read (no such file)")
    try:
        reader = pypdf.PdfReader(path)
        is_closed = reader.is_encrypted and not opens_without_password(reader)
        count = 0 if is_closed else len(reader.pages)
    except Exception as error:
        raise ValueError(f"{path}: is not a PDF that can be read ({one_line(error)})") from None
    if is_closed:
        raise ValueError(f"{path}: is encrypted; save a copy without a password")
    pages = [text_of_page(path, reader, number) + "\n" for number in range(1, count + 1)]
    text, starts = "".join(pages), accumulate(map(len, pages), initial=0)
    if not text.strip():
        raise NotRead(path, f"holds no text on {count:,} pages", " (scanned pictures need OCR first)")
    marks = tuple(Mark(start, start, number) for number, start in zip(range(1, count + 1), starts, strict=False))
    yield Document(own_title(reader) or title_of(path), text, marks=marks)


def opens_without_password(reader: Any) -> bool:
    """Many files ask for a password to be changed or printed, and for none to be read."""
    try:
        return bool(reader.decrypt(""))
    except Exception:  # with a cipher that pypdf has not got, too
        return False


def text_of_page(path: Path, reader: Any, number: int) -> str:
    try:
        text = reader.pages[number - 1].extract_text()
    except Exception as error:
        raise ValueError(f"{path}, page {number}: cannot be read ({one_line(error)})") from None
    return text.encode("utf-8", "replace").decode()  # half a character, where a font's table is wrong, is a ?


def own_title(reader: Any) -> str:
    """Empty where there is none, or none that can be read: a title is not worth a file."""
    try:
        title = reader.metadata.title if reader.metadata else None
    except Exception:
        return ""
    return " ".join(title.encode("utf-8", "replace").decode().split()) if isinstance(title, str) else ""
