import pytest

from minirag.retrieval.whole_folder import whole_folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def write(folder, text):
    with whole_folder(folder) as unfinished:
        (unfinished / "file").write_text(text)


def test_the_folder_appears_when_the_block_ends(tmp_path):
    with whole_folder(tmp_path / "kb") as unfinished:
        (unfinished / "file").write_text("new")
        assert not (tmp_path / "kb").exists()
    assert names(tmp_path) == ["kb", "kb/file"]


def test_parents_that_are_missing_are_made(tmp_path):
    write(tmp_path / "a" / "b" / "kb", "new")
    assert (tmp_path / "a" / "b" / "kb" / "file").read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_everything_as_it_was(tmp_path, error):
    write(tmp_path / "kb", "old")
    with pytest.raises(error), whole_folder(tmp_path / "kb") as unfinished:
        (unfinished / "file").write_text("half")
        raise error
    assert names(tmp_path) == ["kb", "kb/file"]
    assert (tmp_path / "kb" / "file").read_text() == "old"


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    write(tmp_path / "kb", "old")
    (tmp_path / "kb" / "more").write_text("old")
    write(tmp_path / "kb", "new")
    assert names(tmp_path) == ["kb", "kb/file"]
    assert (tmp_path / "kb" / "file").read_text() == "new"


def test_who_has_the_old_folder_open_keeps_its_files(tmp_path):
    write(tmp_path / "kb", "old")
    with open(tmp_path / "kb" / "file") as file:
        write(tmp_path / "kb", "new")
        assert file.read() == "old"


def test_when_the_rename_fails_the_old_folder_comes_back(tmp_path, monkeypatch):
    write(tmp_path / "kb", "old")
    rename = type(tmp_path).rename

    def fails_for_the_new_one(self, target):
        if self.name.endswith(".unfinished"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(type(tmp_path), "rename", fails_for_the_new_one)
    with pytest.raises(OSError, match="no"):
        write(tmp_path / "kb", "new")
    assert names(tmp_path) == ["kb", "kb/file"]
    assert (tmp_path / "kb" / "file").read_text() == "old"


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    write(tmp_path / "kb", "old")
    (tmp_path / "link").symlink_to("kb")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kb" / "file").read_text() == "new"
