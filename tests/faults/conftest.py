"""What every test of a fault works with: a knowledge base that is there already, and the row of the table that it must fit."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.table import Row, is_like, rows

NOTES = "title,text\nMongolia,Its capital is Ulaanbaatar.\nMalta,Its capital is Valletta.\nPeru,Its capital is Lima.\n"


class Fault:
    """Everything is done in a folder that holds `model`, `notes.csv` and `kb`, the knowledge base of the notes."""

    def __init__(self, row: Row, capsys: pytest.CaptureFixture[str]) -> None:
        self.row, self.capsys = row, capsys
        self.seen: set[str] = set()
        self.looked = False

    def refuses(self, *arguments: object) -> None:
        """`minirag ARGUMENTS` prints one line of the table on stderr and nothing else; its exit status is 2."""
        from tests.cli.refusal import refusal

        self.says(refusal(self.capsys, *arguments).removeprefix("minirag: ").strip())

    def answers(self, *arguments: object) -> None:
        """The line of `minirag ARGUMENTS` that tells what it made is in the table."""
        from minirag.cli import run

        assert run([*map(str, arguments)]) == 0
        printed = self.capsys.readouterr().out.splitlines()
        self.says(next(line for line in printed if " passages, " in line and line.endswith(" index")))

    def says(self, line: str) -> None:
        """This line stands in the table. (`…` in it is anything.)"""
        fitting = [message for message in self.row.messages if is_like(message, line)]
        assert fitting, f"{line!r} is none of {self.row.messages}"
        self.seen.update(fitting)

    @contextmanager
    def changing_nothing(self, but: str = "") -> Iterator[None]:
        """What lies in the folder is byte for byte the same when the block ends; nothing lies there besides, `but` this."""
        before = contents(but)
        yield
        after = contents(but)
        assert sorted(after) == sorted(before)
        assert [path for path in before if after[path] != before[path]] == []
        self.looked = True


def contents(but: str) -> dict[Path, bytes]:
    paths = [path for path in Path().rglob("*") if path.parts[0] not in (but, "model")]
    return {path: path.read_bytes() if path.is_file() else b"" for path in paths}


@pytest.fixture(scope="session")
def prepared(tiny_folder, tmp_path_factory):
    from minirag.cli import run

    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(tiny_folder, folder / "model")
    (folder / "notes.csv").write_text(NOTES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind in ("exact", "hnsw"):
            assert run(["index", "notes.csv", "--out", kind, "--model", "model", "--index", kind]) == 0
    return folder


@pytest.fixture
def fault(request, prepared, tmp_path, monkeypatch, capsys) -> Iterator[Fault]:
    (tmp_path / "model").symlink_to(prepared / "model")
    for name, copy in (("notes.csv", shutil.copyfile), ("exact", shutil.copytree), ("hnsw", shutil.copytree)):
        copy(prepared / name, tmp_path / ("kb" if name == "exact" else name))
    monkeypatch.chdir(tmp_path)
    name = f"tests/faults/{request.path.name}::{request.node.name}"
    (row,) = [row for row in rows() if row.test == name]
    capsys.readouterr()
    fault = Fault(row, capsys)
    yield fault
    assert fault.seen == set(row.messages), "the table shows what was not seen"
    assert fault.looked, "nobody looked whether the knowledge base is as it was"
