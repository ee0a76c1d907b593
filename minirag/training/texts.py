"""Where does prose come from when it does not fit into memory? Files are walked through once; then only places are kept.

Paper     Lewis et al. 2019 (BART), §3: 160 GB of text; Lee et al. 2019 (ORQA), §4: all of Wikipedia
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_texts.py

    .jsonl    objects with a "text", and a "title" where there is one: a knowledge base's passages are such a file
    others    a text a line

Either may be packed with gzip. Texts of fewer than `words` words teach nothing and are passed over. A line of a .jsonl may hold
several objects, as it does where files were joined without a line end between them.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, overload

from minirag.documents.lines import decoded
from minirag.questions.stored_file import StoredFile

WORDS = 8  # of a sentence that can be mended or asked about
MARK = "\ufeff"  # byte order mark
DECODER = json.JSONDecoder()


class Text(NamedTuple):
    """A paragraph; `title` is empty where its file gives none."""

    title: str
    text: str


class Texts(Sequence[Text]):
    """Every text of some files by its number, read when it is asked for; of each, four numbers are kept."""

    def __init__(self, paths: Sequence[str | Path], words: int = WORDS) -> None:
        """ValueError: a file that cannot be read, a line that is no text, or files without any text."""
        self.files = [StoredFile(Path(path)) for path in paths]
        self.file_of, self.starts, self.lines = array("L"), array("Q"), array("Q")
        self.sizes = array("L")  # in bytes
        for number, file in enumerate(self.files):
            for line, start, end, text in texts_of(file):
                if len(text.text.split(None, words)) >= words:
                    self.file_of.append(number)
                    self.starts.append(start)
                    self.sizes.append(end - start)
                    self.lines.append(line)
        if not self.starts:
            raise ValueError(f"{', '.join(map(str, paths))}: no text of at least {words} words")

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Text: ...
    @overload
    def __getitem__(self, index: slice) -> list[Text]: ...
    def __getitem__(self, index: int | slice) -> Text | list[Text]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        file, start, line = self.files[self.file_of[index]], self.starts[index], self.lines[index]
        (_, _, text) = next(texts_of_line(file, line, file.read(start, start + self.sizes[index])))
        return text


def texts_of(file: StoredFile) -> Iterator[tuple[int, int, int, Text]]:
    """(line, first byte, byte behind it, text) of each text of a file. ValueError names file and line."""
    for line, start, raw in file.lines():
        for begin, end, text in texts_of_line(file, line, raw):
            yield line, start + begin, start + end, text


def texts_of_line(file: StoredFile, line: int, raw: bytes) -> Iterator[tuple[int, int, Text]]:
    """(first byte, byte behind it, text) of what stands in a line, or in the part of one that holds a single text."""
    content = decoded(file.path, line, raw)
    if ".jsonl" not in file.path.suffixes:
        text = " ".join(content.removeprefix(MARK).split())
        if text:
            yield 0, len(raw), Text("", text)
        return
    for begin, end, entry in objects(content, f"{file.path}:{line}"):
        yield len(content[:begin].encode()), len(content[:end].encode()), text_in(entry, f"{file.path}:{line}")


def objects(content: str, place: str) -> Iterator[tuple[int, int, object]]:
    """(first character, character behind it, value) of each JSON value of a line."""
    end = len(MARK) if content.startswith(MARK) else 0
    while rest := content[end:].lstrip():
        begin = len(content) - len(rest)
        try:
            value, end = DECODER.raw_decode(content, begin)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{place}: not JSON ({error})") from None
        yield begin, end, value


def text_in(entry: object, place: str) -> Text:
    """ValueError: no object with a "text"."""
    fields = entry if isinstance(entry, dict) else {}
    text, title = fields.get("text"), fields.get("title") or ""
    if not isinstance(text, str) or not isinstance(title, str):
        raise ValueError(f'{place}: not a JSON object with a "text", and a "title" where there is one')
    return Text(title, " ".join(text.split()))
