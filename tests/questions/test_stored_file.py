"""Bytes from anywhere in a file, packed or not; a file that changes underneath is refused."""

import gzip

import pytest

from minirag.questions.stored_file import StoredFile

CONTENTS = "one\ntwo é\n\nlast".encode()


@pytest.fixture(params=["plain", "gzip"])
def file(request, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(CONTENTS) if request.param == "gzip" else CONTENTS)
    return StoredFile(path)


def test_any_part_is_read_in_any_order(file):
    assert len(file) == len(CONTENTS)
    assert file.read(4, 7) == b"two"
    assert file.read(0, 3) == b"one"
    assert bytes(file.mapped()[:]) == CONTENTS


def test_lines_know_where_they_stand(file):
    assert [(number, file.read(start, start + len(line))) for number, start, line in list(file.lines())] == [
        (1, b"one\n"),
        (2, "two é\n".encode()),
        (3, b"\n"),
        (4, b"last"),
    ]


def test_a_file_that_changes_underneath_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENTS)
    file = StoredFile(path)
    path.write_bytes(b"something shorter"[:5])
    with pytest.raises(ValueError, match="file: was changed while it was in use"):
        file.read(0, 3)


def test_half_a_gzip_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(gzip.compress(CONTENTS)[:-6])
    with pytest.raises(ValueError, match="file: is not whole gzip"):
        StoredFile(tmp_path / "file")
