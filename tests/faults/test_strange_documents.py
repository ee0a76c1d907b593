"""Documents that are too long, in no encoding, without text, or linked in a circle."""

import json

from minirag.retrieval.knowledge_base import KnowledgeBase
from tests.documents.small_files import pdf_bytes

INTO = ["--out", "kb", "--model", "model", "--overwrite"]
LONG = 10_000_000  # characters


def test_a_document_has_ten_million_characters(fault, tmp_path):
    """Most of them are one word, which is cut; after it come sentences. No two pieces are alike, so none is merged."""
    sentences = " ".join(f"The lighthouse number {n} stands on the rock." for n in range(10_000))
    text = "".join(map(str, range(10**6, 25 * 10**5)))[: LONG - 1 - len(sentences)] + " " + sentences
    (tmp_path / "long.txt").write_text(text)
    with fault.changing_nothing(but="long"):
        fault.answers("index", "long.txt", "--out", "long", "--model", "model")
    pieces = "".join(passage.text for passage in KnowledgeBase.open("long").store)
    assert len(text) == LONG and "".join(pieces.split()) == "".join(text.split())


def test_a_file_is_not_utf_8(fault, tmp_path):
    (tmp_path / "facts.tsv").write_bytes(b"Malta\tcafe\nPeru\tcaf\xe9\n")
    (tmp_path / "notes.json").write_bytes(json.dumps([{"text": "x"}]).encode() + b"\xff")
    with fault.changing_nothing():
        fault.refuses("index", "facts.tsv", *INTO)


def test_a_pdf_has_no_text(fault, tmp_path):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "scan.pdf").write_bytes(pdf_bytes(["", ""]))
    with fault.changing_nothing():
        fault.refuses("index", "scans/scan.pdf", *INTO)
        fault.refuses("index", "scans", *INTO)


def test_links_lead_in_a_circle(fault, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("The lighthouse.")
    (tmp_path / "folder" / "again").symlink_to(tmp_path / "folder")
    (tmp_path / "folder" / "loop").symlink_to("loop")
    with fault.changing_nothing():
        fault.refuses("index", "loop", *INTO)
        fault.refuses("index", "notes.csv", "--out", "loop", "--model", "model")
        fault.refuses("verify", "loop")
        fault.refuses("search", "Who?", "--kb", "kb", "--model", "loop")
    with fault.changing_nothing(but="new"):
        fault.answers("index", "folder", "--out", "new", "--model", "model")
