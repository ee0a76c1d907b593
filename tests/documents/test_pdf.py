import logging

import pypdf
import pytest

from minirag.documents.reading import read_documents
from tests.documents.small_files import pdf_bytes

LONG = "One two three four five six. " * 10


def read_pages(path):
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


def written(folder, pages):
    path = folder / "paper.pdf"
    path.write_bytes(pdf_bytes(pages))
    return path


def test_every_passage_knows_its_page(tmp_path):
    path = written(tmp_path, [LONG, LONG, "", "The end."])
    passages = list(read_documents([path], words=30))
    assert [passage.places[0].page for passage in passages] == [1, 1, 2, 2]
    assert {passage.title for passage in passages} == {"paper"}
    whole = "\n".join([*read_pages(path), ""])
    assert all(whole[passage.places[0].offset :].startswith(passage.text) for passage in passages)


def test_its_own_title_is_taken(tmp_path):
    writer = pypdf.PdfWriter(clone_from=written(tmp_path, ["Iron is a metal."]))
    writer.add_metadata({"/Title": " On  Iron\n"})
    writer.write(tmp_path / "titled.pdf")
    (passage,) = read_documents([tmp_path / "titled.pdf"])
    assert (passage.title, passage.text) == ("On Iron", "Iron is a metal.\n")


def encrypted(folder, password):
    writer = pypdf.PdfWriter(clone_from=written(folder, ["Iron is a metal."]))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    writer.write(folder / "closed.pdf")
    return folder / "closed.pdf"


def test_a_password_that_is_needed_is_said_and_one_that_is_not_is_no_fault(tmp_path):
    with pytest.raises(ValueError, match=r"closed\.pdf: is encrypted; save a copy without a password$"):
        list(read_documents([encrypted(tmp_path, "secret")]))
    assert [passage.text for passage in read_documents([encrypted(tmp_path, "")])] == ["Iron is a metal.\n"]


def test_a_scan_has_no_text_and_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"paper\.pdf: holds no text on 2 pages \(scanned pictures need OCR first\)$"):
        list(read_documents([written(tmp_path, ["", ""])]))


@pytest.mark.parametrize("contents", [b"", b"%PDF-1.4", b"no pdf at all", pdf_bytes(["a"])[:60]])
def test_what_is_no_pdf_is_named(tmp_path, contents, capfd):
    (tmp_path / "bad.pdf").write_bytes(contents)
    with pytest.raises(ValueError, match=r"bad\.pdf: ") as caught:
        list(read_documents([tmp_path / "bad.pdf"]))
    assert "\n" not in str(caught.value)
    assert logging.getLogger("pypdf").level == logging.CRITICAL and capfd.readouterr().err == ""


def test_a_page_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def broken(page):
        if page.page_number == 1:
            raise KeyError("/Font")
        return "fine"

    monkeypatch.setattr(pypdf.PageObject, "extract_text", broken)
    with pytest.raises(ValueError, match=r"paper\.pdf, page 2: cannot be read \('/Font'\)$"):
        list(read_documents([written(tmp_path, ["a", "b"])]))
