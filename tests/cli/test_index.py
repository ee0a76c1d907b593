"""`minirag index`: documents become a knowledge base that can be asked."""

import io
import json

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
import torch
from rich.console import Console

from minirag.cli import run
from minirag.retrieval.knowledge_base import KnowledgeBase
from tests.cli.refusal import refusal
from tests.documents.small_files import pdf_bytes, pickled_vectors


def indexed(capsys, tiny_folder, folder, *files) -> str:
    command = ["index", *map(str, files), "--out", str(folder), "--model", str(tiny_folder)]
    assert run(command) == 0
    return capsys.readouterr().out


def passages(capsys, tiny_folder, folder) -> list[dict]:
    command = [
        "ask",
        "Who?",
        "--model",
        str(tiny_folder),
        "--kb",
        str(folder),
        "--n-docs",
        "99",
        "--num-beams",
        "1",
        "--json",
    ]
    assert run(command) == 0
    return json.loads(capsys.readouterr().out)["passages"]


def test_files_of_every_kind_become_one_knowledge_base(capsys, tiny_folder, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "j", "title": "J", "text": "one"}\n')
    (tmp_path / "b.csv").write_text("title,text\nC,two\n")
    (tmp_path / "c.tsv").write_text("T\tthree\n")
    (tmp_path / "d.txt").write_text("four")
    (tmp_path / "e.md").write_text("# M\nfive\n")
    printed = indexed(capsys, tiny_folder, tmp_path / "kb", *sorted(tmp_path.iterdir()))
    assert "5 passages, exact index" in printed
    assert {p["text"] for p in passages(capsys, tiny_folder, tmp_path / "kb")} == {
        "one",
        "two",
        "three",
        "four",
        "five",
    }


@pytest.mark.parametrize(
    "text",
    [
        "👩‍🔬 emoji",
        "من اليمين",
        "\x1b[2J\x07",
        "   ",
        "[bold]no markup[/bold]",
        " ".join(map(str, range(2_000))),
        "w" * 3_000,
    ],
    ids=["emoji", "right to left", "control", "spaces", "markup", "many words", "one long word"],
)
def test_a_text_may_hold_anything(capsys, tiny_folder, tmp_path, text):
    (tmp_path / "notes.jsonl").write_text(json.dumps({"title": text, "text": text}) + "\n", encoding="utf-8")
    indexed(capsys, tiny_folder, tmp_path / "kb", tmp_path / "notes.jsonl")
    shown = passages(capsys, tiny_folder, tmp_path / "kb")
    assert "".join(text.split()) == "".join("".join(p["text"].split()) for p in sorted(shown, key=number))
    assert run(["ask", "Who?", "--model", str(tiny_folder), "--kb", str(tmp_path / "kb")]) == 0
    assert "\x1b" not in capsys.readouterr().out


def number(passage: dict) -> int:
    """1, 2, 3 of the pieces of one text."""
    return int(passage["id"].rpartition("#")[2]) if "#" in passage["id"] else 0


def test_a_folder_of_every_kind_is_read_and_what_is_not_read_is_told(capsys, tiny_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "sub").mkdir(parents=True)
    (tmp_path / "own" / "a.html").write_text("<title>H</title><p>one")
    (tmp_path / "own" / "b.pdf").write_bytes(pdf_bytes(["first", "two"]))
    (tmp_path / "own" / "c.csv").write_text("title,text\nH,one\n")
    (tmp_path / "own" / "sub" / "d.txt").write_text("three")
    (tmp_path / "own" / "e.png").write_bytes(b"PNG")
    (tmp_path / "own" / "f.txt").write_text("")
    assert indexed(capsys, tiny_folder, "kb", "own").splitlines()[:5] == [
        "skipped own/e.png: is of kind '.png', which is not read",
        "skipped own/f.txt: holds no text",
        "2 skipped",
        "duplicates, kept once with all of their places: 1",
        "kb: 3 passages, exact index",
    ]
    places = {
        p["title"]: [place["source"] for place in p["places"]] for p in passages(capsys, tiny_folder, tmp_path / "kb")
    }
    assert places == {"H": ["own/a.html", "own/c.csv"], "b": ["own/b.pdf"], "d": ["own/sub/d.txt"]}
    assert run(["ask", "Who?", "--model", str(tiny_folder), "--kb", "kb", "--num-beams", "1"]) == 0
    assert "own/a.html · own/c.csv:2" in capsys.readouterr().out


def test_of_many_files_that_are_not_read_the_first_are_named(capsys, tiny_folder, tmp_path):
    for number in range(13):
        (tmp_path / f"{number:02}.png").write_bytes(b"")
    (tmp_path / "a.txt").write_text("one")
    lines = indexed(capsys, tiny_folder, tmp_path / "kb", tmp_path).splitlines()
    assert lines[9].startswith(f"skipped {tmp_path}/09.png") and lines[10] == "13 skipped (3 of them not named here)"


@pytest.mark.parametrize("change", [0.0, 1.0])
def test_vectors_of_a_file_are_taken_if_they_are_this_encoders(capsys, tiny_folder, tmp_path, change):
    own = KnowledgeBase.open(tiny_folder / "knowledge_base")
    pairs = zip(own.store, (own.vectors + change).tolist(), strict=True)
    rows = [{"title": passage.title, "text": passage.text, "embeddings": vector} for passage, vector in pairs]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "f.parquet")
    if change:
        longest = max(range(len(rows)), key=lambda n: len(rows[n]["title"]) + len(rows[n]["text"]))  # is encoded first
        assert f"f.parquet:{longest + 1}: its vector was not made by this" in refusal(
            capsys, "index", tmp_path / "f.parquet", "--out", tmp_path / "kb", "--model", tiny_folder
        )
        return
    printed = indexed(capsys, tiny_folder, tmp_path / "kb", tmp_path / "f.parquet")
    assert "4 vectors taken from the files; those that were tried are this encoder's" in printed
    assert torch.equal(KnowledgeBase.open(tmp_path / "kb").vectors, own.vectors)


@pytest.mark.parametrize("change", [0.0, 1.0])
def test_dprs_embeddings_are_taken_if_they_are_this_encoders(capsys, tiny_folder, tmp_path, change):
    own = KnowledgeBase.open(tiny_folder / "knowledge_base")
    rows = [f'{number}\t"{passage.text}"\t{passage.title}' for number, passage in enumerate(own.store, start=1)]
    texts, kb = tmp_path / "psgs_w100.tsv", tmp_path / "kb"
    texts.write_text("\n".join(["id\ttext\ttitle", *rows]) + "\n")
    for shard in (0, 1):  # of the four passages, the last is in no shard
        ids, vectors = [[1, 2], [3]][shard], own.vectors.float()[[[0, 1], [2]][shard]]
        (tmp_path / f"wikipedia_passages_{shard}.pkl").write_bytes(pickled_vectors(ids, vectors + shard * change))
    command = [texts, "--embeddings", tmp_path / "wikipedia_passages_*.pkl", "--out", kb, "--model", tiny_folder]
    if change:
        assert "psgs_w100.tsv:4: its vector was not made by this" in refusal(capsys, "index", *command)
        return
    assert run(["index", *map(str, command)]) == 0
    assert "3 vectors taken from the files; those that were tried are this encoder's" in capsys.readouterr().out
    assert torch.equal(KnowledgeBase.open(kb).vectors, own.vectors)
    assert run(["index", *map(str, command)]) == 0
    assert "0 new, 0 removed" in capsys.readouterr().out


def test_a_graph_is_built_on_request(capsys, tiny_folder, tmp_path):
    (tmp_path / "d.txt").write_text("four")
    command = ["index", str(tmp_path / "d.txt"), "--out", str(tmp_path / "kb"), "--model", str(tiny_folder)]
    assert run([*command, "--index", "hnsw", "--dtype", "float32"]) == 0
    printed = capsys.readouterr().out
    assert "1 passages, hnsw index" in printed and "five nearest" not in printed
    assert run(["verify", str(tmp_path / "kb")]) == 0
    assert "1 passages" in capsys.readouterr().out


def test_somebody_who_watches_sees_progress(capsys, tiny_folder, tmp_path, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr("minirag.cli.console.stderr", lambda: Console(file=screen, force_terminal=True, width=80))
    (tmp_path / "d.txt").write_text("four")
    indexed(capsys, tiny_folder, tmp_path / "kb", tmp_path / "d.txt")
    assert "passages" in screen.getvalue()
    assert "1/1" in screen.getvalue()


def test_every_byte_is_verified(capsys, tiny_folder):
    assert run(["verify", str(tiny_folder / "knowledge_base")]) == 0
    assert "4 passages" in capsys.readouterr().out


def test_it_is_told_what_vectors_of_fewer_bits_still_find(capsys, tiny_folder, tmp_path):
    (tmp_path / "d.csv").write_text("title,text\n" + "".join(f"T{n},text number {n}\n" for n in range(40)))
    command = ["index", str(tmp_path / "d.csv"), "--out", str(tmp_path / "kb"), "--model", str(tiny_folder)]
    assert run([*command, "--dtype", "int8"]) == 0
    found = KnowledgeBase.open(tmp_path / "kb").sidecar.stored_recall_at_5
    assert 0.8 < found <= 1.0
    told = f"vectors in int8: {100 * found:.1f} % of the five nearest are found that float32 finds\n"
    assert told in capsys.readouterr().out
    assert run(["ask", "Who?", "--model", str(tiny_folder), "--kb", str(tmp_path / "kb"), "--num-beams", "1"]) == 0
