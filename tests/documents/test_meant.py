import os

import pytest

from minirag.documents.meant import is_meant, state_of_files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("docs/a.txt", "docs/sub/b.txt", "docs2/c.txt", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "meant", "not_meant"),
    [
        (
            ["docs"],
            ["docs/a.txt", "docs/gone.txt", "docs/sub/b.txt"],
            ["docs2/c.txt", "notes.txt", "docs", "/docs/a.txt"],
        ),
        (["docs/"], ["docs/a.txt"], ["docs2/c.txt"]),
        (["."], ["docs/a.txt", "gone.txt"], ["../x.txt", "/x.txt"]),
        (["docs/a.txt"], ["docs/a.txt"], ["docs/gone.txt", "docs/sub/b.txt"]),
        (["docs/*.txt"], ["docs/a.txt", "docs/gone.txt"], ["docs/sub/b.txt", "docs2/gone.txt", "docs/gone.md"]),
    ],
)
def test_a_document_is_meant_by_its_name_its_folder_or_a_pattern(folder, paths, meant, not_meant):
    asked = is_meant(paths)
    assert [name for name in meant if not asked(name)] == []
    assert [name for name in not_meant if asked(name)] == []


def test_any_change_of_a_file_is_noticed(folder):
    states = [state_of_files(["docs"])]
    assert state_of_files(["docs"]) == states[0]
    (folder / "docs" / "a.txt").write_text("xy")
    states.append(state_of_files(["docs"]))
    os.utime(folder / "docs" / "a.txt", ns=(1, 1))
    states.append(state_of_files(["docs"]))
    (folder / "docs" / "sub" / "b.txt").rename(folder / "docs" / "sub" / "c.txt")
    states.append(state_of_files(["docs"]))
    assert len(set(states)) == 4
