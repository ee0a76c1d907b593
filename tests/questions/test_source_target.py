"""Two files of lines: line n answers line n, and neither is longer."""

import gzip

import pytest

from minirag.questions.question import Question
from minirag.questions.reading import open_questions


def write(folder, source: bytes, target: bytes):
    (folder / "train.source").write_bytes(source)
    (folder / "train.target").write_bytes(target)
    return folder


@pytest.mark.parametrize("given", ["", "train", "train.source", "train.target"])
def test_a_folder_a_prefix_or_one_of_the_files_is_enough(tmp_path, given):
    write(tmp_path, b"who?\r\nwhere?\r\n", "Ada\nÅs".encode())
    questions = open_questions(tmp_path / given)
    assert list(questions) == [Question("who?", ("Ada",)), Question("where?", ("Ås",))]
    assert questions[1].answers == ("Ås",)


def test_both_files_may_be_packed(tmp_path):
    (tmp_path / "dev.source.gz").write_bytes(gzip.compress(b"who?\n"))
    (tmp_path / "dev.target.gz").write_bytes(gzip.compress(b"Ada\n"))
    assert list(open_questions(tmp_path / "dev.source.gz")) == [Question("who?", ("Ada",))]


def test_files_of_different_lengths_are_refused_with_both_lengths(tmp_path):
    with pytest.raises(ValueError, match=r"train\.source has 3 lines, .*train\.target has 2 lines"):
        open_questions(write(tmp_path, b"a\nb\nc\n", b"a\nb\n"))


def test_an_empty_line_and_a_wrong_byte_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"train\.source:2: the line is empty"):
        open_questions(write(tmp_path, b"a\n\nc\n", b"a\nb\nc\n"))
    with pytest.raises(ValueError, match=r"train\.target:3: is not UTF-8"):
        open_questions(write(tmp_path, b"a\nb\nc\n", b"a\nb\n\xff\n"))


def test_a_folder_or_a_prefix_without_the_files_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"is a folder without train\.source and train\.target"):
        open_questions(tmp_path)
    with pytest.raises(ValueError, match=r"dev: no dev\.source with a dev\.target"):
        open_questions(tmp_path / "dev", kind="source-target")
