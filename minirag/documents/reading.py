"""How do documents become passages? Each file by the reader of its kind; long texts are split, and every piece keeps its place.

Paper     RAG §3 (what it did with Wikipedia)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/documents/test_reading.py, tests/documents/test_fuzz.py

    .txt .md           one document per file; its title is the file's name, or the first heading of a .md (plain.py)
    .html .htm .pdf    one document per file, with its own title (html.py, pdf.py)
    .csv .tsv          a row, a document; with a header, or two columns: title, text (tables.py)
    .jsonl .json       an object, a document: "text", and "title" and "id" where there are any (json_rows.py)
    .parquet           a row, a document: columns text, title, id, and embeddings where they are there (columns.py)
    a folder           all of these in it, or one that `datasets` saved

.txt, .md, .csv, .tsv and .jsonl may be packed with gzip. A row without an id is called after its file and line,
`facts.csv:12`, a whole file after its name, `notes.txt`; the pieces of a long text are `notes.txt#1`, `notes.txt#2`, …
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from minirag.documents.columns import is_dataset, read_dataset, read_parquet
from minirag.documents.document import Document, NotRead, passages_of
from minirag.documents.finding import Skip, find_files
from minirag.documents.html import read_html
from minirag.documents.json_rows import read_json, read_jsonl
from minirag.documents.pdf import read_pdf
from minirag.documents.plain import read_markdown, read_text
from minirag.documents.split import WORDS_PER_PASSAGE, pieces
from minirag.documents.tables import read_csv, read_tsv
from minirag.retrieval.passage import Passage

Reader = Callable[[Path], Iterator[Document]]
LINES: dict[str, Reader] = {
    ".txt": read_text,
    ".md": read_markdown,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_jsonl,
}
READERS = LINES | {
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".json": read_json,
    ".parquet": read_parquet,
}
PICKLES = (".pkl", ".pickle", ".pck")


def read_documents(
    paths: Iterable[str | Path], words: int | None = WORDS_PER_PASSAGE, skip: Skip = lambda path, reason: None
) -> Iterator[Passage]:
    """All passages of all files, in order, one file after another. `words`: the length of a passage; None leaves texts whole.

    `skip` is told of each file that was found in a folder, or by a pattern, and passed over: of a kind that is not read, or
    without any text. ValueError: "file:line: what is wrong"; and such a file, where it was named.
    """
    paths, found = list(paths), 0
    for path, named in find_files(paths, skip):
        try:
            for passage in passages_in(path, words):
                found += 1
                yield passage
        except NotRead as error:
            if named:
                raise
            skip(path, error.reason)
    if not found:
        raise ValueError(f"{', '.join(map(str, paths))}: no document that is read")


def passages_in(path: Path, words: int | None) -> Iterator[Passage]:
    """Of one file, or one `datasets` folder."""
    count = 0
    for document in reader_for(path)(path):
        check_letters(path, document)
        whole = iter([(0, len(document.text))])
        spans = whole if words is None or document.vector is not None else pieces(document.text, words)
        yield from passages_of(path, document, spans)
        count += 1
    if count == 0:
        raise NotRead(path, "holds no passages")


def reader_for(path: Path) -> Reader:
    """By the ending of its name. ValueError: a kind that is not read, and what to do where that is a pickle."""
    if path.is_dir() and is_dataset(path):
        return read_dataset
    if not path.is_file():
        raise ValueError(f"{path}: is no file" if path.exists() else f"{path}: cannot be read (no such file or folder)")
    kind = path.suffix.lower()
    inner = path.with_suffix("").suffix.lower() if kind == ".gz" else kind
    if reader := (LINES if kind == ".gz" else READERS).get(inner):
        return reader
    if kind in PICKLES or is_pickle(path):
        raise NotRead(
            path,
            "is a pickle, and no document",
            " (DPR's embeddings are: index its psgs_w100.tsv, and name them with --embeddings)",
        )
    raise NotRead(path, f"is of kind {path.suffix!r}, which is not read", f" (but {', '.join(READERS)})")


def is_pickle(path: Path) -> bool:
    """DPR writes its embeddings to files without an ending: PROTO, the protocol (2 to 5), then FRAME, or a list."""
    try:
        with open(path, "rb") as file:
            start = file.read(3)
    except OSError:
        return False
    return len(start) == 3 and start[0] == 0x80 and start[1] in range(2, 6) and start[2:] in (b"\x95", b"]", b"(", b"}")


def check_letters(path: Path, document: Document) -> None:
    """Half a character can be written in JSON, and nowhere else."""
    for name, value in (("id", document.id or ""), ("title", document.title), ("text", document.text)):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            where = path if document.line is None else f"{path}:{document.line}"
            raise ValueError(f"{where}: the {name} holds half a character (lone surrogate)") from None
