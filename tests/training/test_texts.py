"""Prose of any size: each text once, read again from its place, and a fault named by its line."""

import gzip
import json

import pytest

from minirag.training.texts import Text, Texts

EIGHT = "one two three four five six seven {}"


def write(path, lines):
    content = "".join(lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_objects_are_texts_with_their_titles(tmp_path, name):
    rows = [{"title": "Bern", "text": EIGHT.format("é")}, {"text": EIGHT.format("x\n y"), "book": "b"}, {"text": "few"}]
    texts = Texts([write(tmp_path / name, [json.dumps(row, ensure_ascii=False) + "\n" for row in rows])])
    assert list(texts) == [Text("Bern", EIGHT.format("é")), Text("", EIGHT.format("x y"))]
    assert texts[-1:] == [texts[1]]


def test_lines_of_other_files_are_texts_and_files_follow_one_another(tmp_path):
    first = write(tmp_path / "a.txt", ["\ufeff" + EIGHT.format("é") + "\n", "\n", "short\n", EIGHT.format("b")])
    second = write(tmp_path / "b.txt.gz", [EIGHT.format("c") + "\r\n"])
    assert [text.text[-1] for text in Texts([first, second])] == ["é", "b", "c"]


def test_objects_that_were_glued_together_are_texts_of_their_own(tmp_path):
    glued = json.dumps({"text": EIGHT.format("ü")}, ensure_ascii=False) + json.dumps({"text": EIGHT.format("b")})
    assert [text.text[-1] for text in Texts([write(tmp_path / "a.jsonl", ["\ufeff", glued, "\n"])])] == ["ü", "b"]


def test_how_many_words_a_text_must_have_is_for_the_caller_to_say(tmp_path):
    path = write(tmp_path / "a.txt", ["Bern lies there\n", "Bern lies there too\n", "\n"])
    assert [text.text for text in Texts([path], words=4)] == ["Bern lies there too"]
    with pytest.raises(ValueError, match=r"a\.txt: no text of at least 5 words"):
        Texts([path], words=5)


@pytest.mark.parametrize(
    ("name", "lines", "fault"),
    [
        ("a.jsonl", ['{"text": "x"}\n', "{\n"], "a.jsonl:2: not JSON"),
        ("a.jsonl", ['["text"]\n'], "a.jsonl:1: not a JSON object"),
        ("a.jsonl", ['{"text": "x", "title": 1}\n'], "a.jsonl:1: not a JSON object"),
        ("a.txt", ["too short\n"], "a.txt: no text of at least 8 words"),
    ],
)
def test_a_fault_is_named(tmp_path, name, lines, fault):
    with pytest.raises(ValueError, match=fault):
        Texts([write(tmp_path / name, lines)])
