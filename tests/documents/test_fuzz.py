"""Whatever bytes a file holds, reading it ends with passages or with one line: no other error, and no endless work."""

import io
import json
import time

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minirag.documents.pickled_vectors import read_pickled_vectors
from minirag.documents.reading import READERS, read_documents
from tests.damaged_bytes import damaged
from tests.documents.small_files import pdf_bytes, pickled_vectors, save_dataset

PIECES = [
    *(
        piece.encode()
        for piece in ['"', ",", "\t", "\n", "\r", "{", "}", "[", "]", ":", "\\ud800", "<p>", "</", "<!--"]
    ),
    *(piece.encode() for piece in ["<title>", "&#0;", "# ", "```", "text", '"text": "a"', "title,text\n", "<table>"]),
    *(b"\xff", b"\0", b"\xef\xbb\xbf", b"%PDF-1.7", b"PAR1", b"stream\n", b"endobj", b"0 1 R"),
    b"<meta charset=utf-7>",
    *(b"\x80\x04", b"]", b"(", b"\x94", b"h\0", b"t", b"\x86", b"R", b"b", b"e", b"a", b".", b"\x93", b"cos\nsystem\n"),
    *(b"\x8e\xff\xff\xff\xff\xff\0\0\0", b"\x8a\xff", b"cnumpy\ndtype\n"),  # of pickles
]
SECONDS = 10


def whole_files() -> dict[str, bytes]:
    table = arrow.table(
        {"title": ["a"], "text": ["b"], "embeddings": arrow.array([[1.0]], arrow.list_(arrow.float32()))}
    )
    packed = io.BytesIO()
    parquet.write_table(table, packed)
    rows = [{"title": "a", "text": "word " * 300}, {"text": "c"}]
    html = b"<title>t</title><p>one<table><tr><td>two</table><pre> x </pre><!-- c --><script>y</script>&amp;"
    return {
        ".jsonl": "\n".join(map(json.dumps, rows)).encode(),
        ".json": json.dumps(rows).encode(),
        ".csv": b'title,text\nx,"a ""b"""\ny,c\n',
        ".tsv": b'id\ttext\ttitle\n1\t"a ""b"""\tT\n',
        ".txt": b"One two. Three.\n\n" * 100,
        ".md": b"x\n# A\n```\n# b\n```\ny",
        ".html": html,
        ".htm": html,
        ".pdf": pdf_bytes(["First page.", "Second."]),
        ".parquet": packed.getvalue(),
    } | {f".v{protocol}.pkl": pickled_vectors("ab", torch.ones(2, 3), protocol, title="tt") for protocol in (3, 4, 5)}


WHOLE = whole_files()


FILES = st.sampled_from(sorted(WHOLE)).flatmap(lambda kind: st.tuples(st.just(kind), damaged(WHOLE[kind], PIECES)))


def check(path):
    start = time.monotonic()
    try:
        if path.suffix == ".pkl":
            assert all(vector.isfinite().all() for _, vector in read_pickled_vectors(path))
        else:
            for passage in read_documents([path], words=10):
                f"{passage.id}{passage.title}{passage.text}".encode()
    except ValueError as error:
        assert type(error).__name__ not in ("UnicodeDecodeError", "UnicodeEncodeError", "JSONDecodeError")
        assert "\n" not in str(error) and path.name.partition(".")[0] in str(error)
    assert time.monotonic() - start < SECONDS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def check_file(folder, kind, contents):
    path = folder / f"fuzz{kind}"
    path.write_bytes(contents)
    check(path)


def test_no_kind_of_file_is_left_out():
    assert set(READERS) <= set(WHOLE)


@settings(max_examples=150)
@given(FILES)
def test_any_bytes_are_read_or_refused_in_one_line(folder, file):
    check_file(folder, *file)


@pytest.mark.slow
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(FILES)
def test_ten_thousand_files_of_any_bytes_are_read_or_refused_in_one_line(folder, file):
    check_file(folder, *file)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    table = arrow.table({"title": ["a", "b"], "text": ["c", "d"]})
    return save_dataset(tmp_path_factory.mktemp("fuzz") / "fuzzset", [table])


@settings(max_examples=50)
@given(st.data())
def test_a_damaged_folder_of_datasets_is_read_or_refused_in_one_line(dataset, data):
    """Arrow maps these files into memory: what they say of lengths must not be believed."""
    (path,) = dataset.glob("*.arrow")
    whole = path.read_bytes()
    try:
        path.write_bytes(data.draw(damaged(whole, PIECES)))
        check(dataset)
    finally:
        path.write_bytes(whole)
