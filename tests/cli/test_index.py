"""`minirag index`: documents become a knowledge base that can be asked."""

import io
import json

import pytest
from rich.console import Console

from minirag.cli import run


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
    ["👩‍🔬 emoji", "من اليمين", "\x1b[2J\x07", "   ", "[bold]no markup[/bold]", "word " * 2_000, "w" * 3_000],
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


def test_a_graph_is_built_on_request(capsys, tiny_folder, tmp_path):
    (tmp_path / "d.txt").write_text("four")
    command = ["index", str(tmp_path / "d.txt"), "--out", str(tmp_path / "kb"), "--model", str(tiny_folder)]
    assert run([*command, "--index", "hnsw", "--dtype", "float32"]) == 0
    assert "1 passages, hnsw index" in capsys.readouterr().out
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
