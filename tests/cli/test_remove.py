"""`minirag index` on a knowledge base that is there, and `minirag remove`."""

import json

import pytest

from minirag.cli import run
from tests.cli.refusal import refusal


@pytest.fixture
def base(tmp_path, tiny_folder, monkeypatch, capsys):
    """Three documents in docs/, and kb made of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for name, text in (("a.txt", "Ada sails."), ("b.md", "# Bees\n\nBob keeps bees."), ("c.txt", "Carl sails.")):
        (tmp_path / "docs" / name).write_text(text)
    assert "kb: 3 passages, exact index" in indexed(capsys, tiny_folder)
    return tmp_path


def indexed(capsys, model, *paths):
    assert run(["index", *(paths or ["docs"]), "--out", "kb", "--model", str(model)]) == 0
    return capsys.readouterr().out


def found(capsys, words):
    assert run(["search", words, "--kb", "kb", "--index", "bm25", "--json"]) == 0
    return sorted(passage["text"] for passage in json.loads(capsys.readouterr().out)["passages"])


def test_the_same_documents_again_change_nothing(base, tiny_folder, capsys):
    assert "3 passages, exact index (0 new, 0 removed, the others as they were)" in indexed(capsys, tiny_folder)


def test_a_folder_is_read_again_and_the_base_says_what_it_says_now(base, tiny_folder, capsys):
    (base / "docs" / "a.txt").write_text("Ada walks.")
    (base / "docs" / "b.md").unlink()
    (base / "docs" / "d.txt").write_text("Dora flies.")
    assert "3 passages, exact index (2 new, 2 removed, the others as they were)" in indexed(capsys, tiny_folder)
    assert found(capsys, "sails walks flies bees") == ["Ada walks.", "Carl sails.", "Dora flies."]


def test_one_document_can_be_put_in_alone(base, tiny_folder, capsys):
    (base / "d.txt").write_text("Dora flies.")
    assert "4 passages, exact index (1 new, 0 removed" in indexed(capsys, tiny_folder, "d.txt")


def test_documents_are_removed_by_name_or_pattern(base, capsys):
    assert run(["remove", "docs/b.md", "--kb", "kb"]) == 0
    assert capsys.readouterr().out == "kb: 2 passages, exact index (0 new, 1 removed, the others as they were)\n"
    assert run(["remove", "docs/c*", "docs/b*", "--kb", "kb"]) == 2
    assert "docs/b*: no document of this knowledge base is called so" in capsys.readouterr().err
    assert run(["remove", "docs/c*", "--kb", "kb"]) == 0
    capsys.readouterr()
    assert found(capsys, "sails bees") == ["Ada sails."]
    assert "needs at least one passage" in refusal(capsys, "remove", "docs/*", "--kb", "kb")
    assert found(capsys, "sails bees") == ["Ada sails."]
