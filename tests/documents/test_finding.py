import os

import pytest

from minirag.documents.finding import find_files


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.txt", "a/z.txt", "a/b/c.md", "c.png", ".hidden.txt", ".git/config.txt", "a/.x/y.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def found(*paths):
    skipped = []
    files = [
        (path.as_posix(), named) for path, named in find_files(paths, lambda path, reason: skipped.append(path.name))
    ]
    return files, skipped


def test_a_folder_is_walked_in_the_order_of_names_and_what_is_hidden_is_passed_over(here):
    files = [("a/b/c.md", False), ("a/z.txt", False), ("b.txt", False), ("c.png", False)]
    assert found(".") == (files, [])


def test_files_that_are_named_come_in_the_order_given(here):
    assert found("c.png", "a", ".hidden.txt")[0] == [
        ("c.png", True),
        ("a/b/c.md", False),
        ("a/z.txt", False),
        (".hidden.txt", True),
    ]


def test_a_pattern_is_expanded_unless_a_file_has_that_name(here):
    assert found("**/*.txt")[0] == [("a/z.txt", False), ("b.txt", False)]
    assert found("[ab]*")[0] == [("a/b/c.md", False), ("a/z.txt", False), ("b.txt", False)]
    (here / "x[1].txt").write_text("x")
    assert found("x[1].txt")[0] == [("x[1].txt", True)]
    with pytest.raises(ValueError, match=r"\*\.pdf: matches no file"):
        found("*.pdf")


def test_links_that_lead_in_a_circle_are_followed_once(here):
    (here / "a" / "up").symlink_to(here)
    (here / "self").symlink_to("self")
    files, skipped = found(".")
    assert [name for name, _ in files] == ["a/b/c.md", "a/z.txt", "b.txt", "c.png"]
    assert skipped == ["self"]


def test_links_to_other_places_are_followed_and_those_that_lead_nowhere_are_told(here, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "o.txt").write_text("o")
    (here / "d").symlink_to(other)
    (here / "e.txt").symlink_to(here / "nowhere")
    os.mkfifo(here / "pipe.txt")
    files, skipped = found(".")
    assert ("d/o.txt", False) in files
    assert skipped == ["e.txt", "pipe.txt"]


def test_a_knowledge_base_that_was_made_here_before_is_passed_over(here):
    (here / "kb").mkdir()
    (here / "kb" / "knowledge_base.json").write_text("{}")
    files, skipped = found(".")
    assert all("kb" not in name for name, _ in files) and skipped == ["kb"]
