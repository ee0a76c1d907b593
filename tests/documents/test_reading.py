import csv
import gzip
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minirag.documents.reading import read_documents
from minirag.retrieval.passages import Passage

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
COLUMNS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5)
MONGOLIA = Passage("7", "Mongolia", "The capital is Ulaanbaatar.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("documents")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file into the current folder, so that names in ids and messages are short."""
    monkeypatch.chdir(tmp_path)

    def written(name, contents):
        (tmp_path / name).write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return name

    return written


def read(*paths, **settings):
    """Without their places, which have tests of their own."""
    return [replace(passage, places=()) for passage in read_documents(paths, **settings)]


@given(COLUMNS)
def test_a_jsonl_file_comes_back_as_it_was_written(folder, columns):
    passages = [Passage(*each) for each in columns]
    path = folder / "facts.jsonl"
    lines = [json.dumps({"id": p.id, "title": p.title, "text": p.text}) for p in passages]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read(path, words=None) == passages


@given(COLUMNS, st.permutations(["id", "title", "text"]))
def test_a_csv_file_comes_back_as_it_was_written(folder, columns, names):
    passages = [Passage(*each) for each in columns]
    path = folder / "facts.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows({"id": p.id, "title": p.title, "text": p.text} for p in passages)
    assert read(path, words=None) == passages


@given(COLUMNS)
def test_a_tsv_file_that_the_csv_module_wrote_comes_back(folder, columns):
    passages = [Passage(*(" ".join(cell.split()) for cell in each)) for each in columns]
    path = folder / "facts.tsv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writerows([("id", "text", "title"), *((p.id, p.text, p.title) for p in passages)])
    assert read(path, words=None) == passages


@pytest.mark.parametrize("name", ["facts.csv", "facts.tsv"])
@pytest.mark.parametrize(
    "header", ["id,text,title", "ID , Text,TITLE", "\ufeffid,text,title", "_id,passage,name", "id,contents,heading"]
)
def test_a_header_is_known_by_its_names(write, name, header):
    table = header + "\r\n7,The capital is Ulaanbaatar.,Mongolia\r\n"
    assert read(write(name, table.replace(",", "\t") if name.endswith("tsv") else table)) == [MONGOLIA]


@pytest.mark.parametrize("name", ["facts.csv", "facts.tsv"])
def test_two_columns_without_a_header_are_title_and_text(write, name):
    comma = "\t" if name.endswith("tsv") else ","
    path = write(name, f"Mongolia{comma}Its capital.\n\nIron{comma}A metal.\n")
    assert read(path) == [Passage(f"{name}:1", "Mongolia", "Its capital."), Passage(f"{name}:3", "Iron", "A metal.")]


def test_other_columns_are_passed_over_and_title_and_id_may_be_missing(write):
    assert read(write("f.csv", "source,text\nbook,A metal.\n")) == [Passage("f.csv:2", "", "A metal.")]


def test_a_row_over_several_lines_is_called_after_its_first(write):
    path = write("f.csv", 'title,text\nIron,"A\nmetal."\nGold,"Another, yellow"\n')
    assert read(path) == [Passage("f.csv:2", "Iron", "A\nmetal."), Passage("f.csv:4", "Gold", "Another, yellow")]


def test_a_stray_quote_in_a_tsv_file_swallows_nothing(write):
    path = write("f.tsv", 'Iron\t"Fe" it is.\nGold\t"Au\n"Tin"\t"say ""Sn"""\n')
    assert [(p.title, p.text) for p in read(path)] == [("Iron", '"Fe" it is.'), ("Gold", '"Au'), ("Tin", 'say "Sn"')]


def test_a_jsonl_row_needs_only_a_text(write):
    path = write("f.jsonl", '{"text": "A metal."}\n\n  \n{"id": 5, "title": null, "contents": "x", "more": [1]}\n')
    assert read(path) == [Passage("f.jsonl:1", "", "A metal."), Passage("5", "", "x")]


def test_a_text_file_is_one_document_called_after_the_file(write):
    assert read(write("iron ore.txt", "A metal.\n")) == [Passage("iron ore.txt", "iron ore", "A metal.\n")]


@pytest.mark.parametrize(
    ("contents", "title", "text"),
    [
        ("# Iron\n\nA metal.\n", "Iron", "A metal."),
        ("Intro.\n\n## Iron ore ##\nA metal.", "Iron ore", "Intro.\n\nA metal."),
        ("No heading, #tag\n#\n", "notes", "No heading, #tag\n#\n"),
    ],
)
def test_the_first_heading_is_the_title_of_a_markdown_file(write, contents, title, text):
    assert read(write("notes.md", contents)) == [Passage("notes.md", title, text)]


def test_files_are_read_in_order_whatever_their_kind(write):
    paths = [write("b.txt", "B"), write("a.MD", "A"), write("c.jsonl", '{"text": "C"}')]
    assert [p.text for p in read(*paths)] == ["B", "A", "C"]


def test_a_long_text_becomes_numbered_passages_with_one_title(write):
    text = "One two three four five six seven eight nine ten. " * 40
    passages = read(write("long.txt", text))
    assert [p.id for p in passages] == ["long.txt#1", "long.txt#2", "long.txt#3", "long.txt#4"]
    assert {p.title for p in passages} == {"long"}
    assert " ".join(p.text for p in passages).split() == text.split()
    assert len(read("long.txt", words=None)) == 1


@pytest.mark.parametrize("text", ["", "   ", "😀 שלום", "\x1b[0m\x07", "a\0b"])
def test_unusual_texts_are_kept(write, text):
    rows = {
        "f.jsonl": json.dumps({"text": text}),
        "f.csv": f'title,text\nx,"{text}"\n',
        "f.tsv": f"title\ttext\nx\t{text}\n",
    } | ({"f.txt": text, "f.md": text} if text.strip() else {})
    if sys.version_info < (3, 11) and "\0" in text:
        del rows["f.csv"]  # the csv module of Python 3.10 refuses it, with the line
    for name, contents in rows.items():
        passages = read(write(name, contents))
        assert " ".join(p.text for p in passages).split() == text.split(), name


@pytest.mark.parametrize("name", ["f.jsonl", "f.csv"])
def test_a_line_of_a_hundred_thousand_words_is_read(write, name):
    text = "word " * 100_000
    contents = json.dumps({"text": text}) if name == "f.jsonl" else f"title,text\nx,{text}\n"
    assert sum(len(p.text.split()) for p in read(write(name, contents))) == 100_000


BAD = {
    "bad.jsonl": [
        ('{"text": "a"}\n{"text": ', "2: is not JSON "),
        ('{"text": "a"}\n["b"]\n', "2: is not a JSON object"),
        ('{"title": "a"}\n', "1: has no 'text'"),
        ('{"text": 5}\n', "1: 'text' is not text but 5"),
        ('{"text": "a", "title": []}\n', r"1: 'title' is not text but \[\]"),
        ('{"text": "a", "id": 1.5}\n', "1: the id 1.5 is neither text nor a whole number"),
        ('{"text": "a", "id": true}\n', "1: the id True is neither"),
        ('{"text": "\\ud800"}\n', "1: the text holds half a character"),
        ('{"text": "a", "id": "\\udc00"}\n', "1: the id holds half a character"),
        ("[" * 200_000, "1: is not JSON"),
        ('{"text": ' + "9" * 5000 + "}", "1: "),
        (b'{"text": "a"}\n{"text": "\xff"}', "2: is not UTF-8 text .byte 0xff at position 10"),
        ("", " holds no passages"),
        ("\n\n", " holds no passages"),
    ],
    "bad.csv": [
        ("title,text\na,b\na,b,c\n", "3: has 3 columns, the first row has 2"),
        ("a,b,c\n", "1: 3 columns and no header row"),
        ("just text\n", "1: 1 columns and no header row"),
        ("text,text\na,b\n", "1: has two columns named 'text'"),
        ('title,text\n"a,b\n', "2: is not a row of a .csv file"),
        ('title,text\nx,"a" b\n', "2: is not a row of a .csv file"),
        (b"title,text\nx,caf\xe9\n", "2: is not UTF-8 text .byte 0xe9 at position 5"),
        ("title,text\n", " holds no passages"),
    ],
    "bad.tsv": [("title\ttext\na\tb\na\n", "3: has 1 columns"), ("a\tb\tc\n", "1: 3 columns and no header row")],
    "bad.txt": [
        ("", " holds no text"),
        (" \n", " holds no text"),
        (b"fine\n" + "ünïcode".encode("utf-16"), "2: is not UTF-8 text"),
    ],
    "bad.md": [("# Title\n", " holds no text but its heading"), (b"# Title\n\n\x80", "3: is not UTF-8 text")],
    "bad.docx": [(b"PK", " is of kind '.docx', which is not read")],
}


@pytest.mark.parametrize(
    ("name", "contents", "message"), [(name, *case) for name, cases in BAD.items() for case in cases]
)
def test_a_fault_is_one_line_with_file_and_line(write, name, contents, message):
    with pytest.raises(ValueError, match=f"^{name}:{message}") as caught:
        read(write(name, contents))
    assert "\n" not in str(caught.value)


def test_what_is_missing_or_no_file_is_named(write, tmp_path):
    with pytest.raises(ValueError, match=r"none\.txt: cannot be read \(no such file or folder\)"):
        read("none.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(ValueError, match=r"pipe\.txt: is no file"):
        read(tmp_path / "pipe.txt")


@pytest.mark.parametrize("name", ["wikipedia_passages_0.pkl", "dense_embeddings_0", "v.pickle"])
def test_a_pickle_is_refused_by_name_and_with_what_to_do_instead(write, name):
    """DPR's embeddings: a list of (id, vector). The one without an ending is known by its first bytes."""
    with pytest.raises(
        ValueError, match=f"^{name}: is a pickle, and no document .*index its psgs_w100.tsv, and name them with --emb"
    ):
        read(write(name, b"\x80\x04\x95\x10\x00"))


def test_a_file_that_was_found_and_not_named_may_be_of_another_kind_or_empty(write, tmp_path):
    for name, contents in {
        "a.png": b"PNG",
        "b.txt": b"",
        "c.csv": b"title,text\n",
        "d.md": b"d",
        "e.pkl": b"\x80",
    }.items():
        write(name, contents)
    skipped = []
    found = read(".", skip=lambda path, reason: skipped.append((str(path), reason.split(",")[0])))
    assert [p.text for p in found] == ["d"]
    assert skipped == [
        ("a.png", "is of kind '.png'"),
        ("b.txt", "holds no text"),
        ("c.csv", "holds no passages"),
        ("e.pkl", "is a pickle"),
    ]


def test_files_without_any_text_are_named_together(write):
    with pytest.raises(ValueError, match=r"^\.: no document that is read$"):
        write("b.txt", "")
        read(".")


SENTENCES = st.lists(
    st.sampled_from(["One two three. ", "Iron is a metal!\r\n", "\n\n", "乌兰巴托。", "end "]), max_size=60
)


@given(SENTENCES, st.sampled_from(["\n# Iron\n", "", "\n\n## Ore ##\r\n"]), SENTENCES)
def test_every_passage_of_a_text_stands_in_its_file_at_its_offset(folder, before, heading, after):
    """In a .txt all of it; in a .md up to the heading, which was taken out of the text."""
    text = "".join([*before, "x", heading, *after])
    for name in ("f.txt", "f.md"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
        for passage in read_documents([folder / name], words=7):
            (place,) = passage.places
            assert (place.source, place.line, place.page) == ((folder / name).as_posix(), None, None)
            start = passage.text if name == "f.txt" else passage.text[:1]
            assert text[place.offset :].startswith(start)


def test_the_place_of_a_row_is_its_line_and_of_a_piece_also_its_character(write):
    text = "One two three four five six. " * 40
    path = write("f.csv", f"title,text\nx,short\ny,{text}\n")
    places = [passage.places[0] for passage in read_documents([path])]
    assert [(place.source, place.line) for place in places] == [(path, 2), (path, 3), (path, 3)]
    assert [place.offset for place in places[:2]] == [0, 0]
    assert text[places[2].offset :].startswith("One two")


def test_a_document_of_ten_million_characters_is_read(write):
    text = "It is a metal. " * 666_667
    passages = list(read_documents([write("long.txt", text)]))
    assert len(passages) == 26_667
    assert text[passages[-1].places[0].offset :].startswith(passages[-1].text)


@pytest.mark.parametrize("name", ["f.txt", "f.md", "f.csv", "f.tsv", "f.jsonl"])
def test_a_packed_file_is_unpacked(write, name):
    contents = {"csv": "title,text\nx,one\n", "tsv": "x\tone\n", "jsonl": '{"text": "one"}'}.get(name[2:], "one")
    packed = gzip.compress(contents.encode())
    assert [p.text for p in read(write(name + ".gz", packed))] == ["one"]
    with pytest.raises(ValueError, match=rf"^{name}\.gz: (is not whole gzip|cannot be read)"):
        read(write(name + ".gz", packed[:-9]))
    with pytest.raises(ValueError, match=rf"^{name}\.gz: cannot be read"):
        read(write(name + ".gz", "no gzip"))


def test_a_name_that_is_no_unicode_is_written_with_numbers(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")
    Path(path).write_text("A place.")
    (passage,) = read(path)
    assert passage.id.endswith(r"caf\udce9.txt") and passage.title == r"caf\udce9"
