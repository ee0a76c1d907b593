"""Does every command of the README run? In the order they stand there, each with files of the names that it uses.

What is stood in for, because it is large or far away: the demo and the hub, by folders of the published layout with random
weights; the benchmark, by three passages; the recipe of `minirag train demo`, by the same one with three small steps a stage;
the experiments of `minirag reproduce`, by the same ones with two steps each.
`make` targets are what .ci/run calls; `pip install` is what tests/test_wheel.py does.
"""

import json
import os
import shutil
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.experiments.small_world import SIZE
from tests.minilm import FOLDER as MINILM
from tests.test_readme import commands
from tests.training.demo.test_stages import SMALL

FILES = {
    "notes.md": "# Lighthouse\n\nAda keeps the lighthouse.\n",
    "facts.csv": "title,text\nBees,Bob keeps the bees.\n",
    "articles.jsonl": "".join(
        json.dumps({"title": title, "text": text}) + "\n"
        for title, text in (("Keys", "Carl keeps the keys."), ("Bees", "Bob keeps the bees."))
    ),
    "passages.jsonl": "".join(
        json.dumps({"id": f"p{number}", "title": name, "text": f"{name} keeps the {thing}."}) + "\n"
        for number, (name, thing) in enumerate([("Ada", "lighthouse"), ("Bob", "bees"), ("Carl", "keys")])
    ),
    "train.jsonl": "".join(
        json.dumps({"question": f"Who keeps the {thing}?", "answers": [name], "gold": [f"p{number}"]}) + "\n"
        for number, (name, thing) in enumerate([("Ada", "lighthouse"), ("Bob", "bees"), ("Carl", "keys")])
    ),
    "prose.jsonl": json.dumps({"title": "Bees", "text": "Bob keeps the bees, and Carl keeps the keys of 1898."}) + "\n",
    "dev.jsonl": json.dumps({"question": "Who keeps the bees?", "answers": ["Bob"], "gold": ["p1"]}) + "\n",
    "answers.txt": "Bob\n",
}


@pytest.fixture
def reader(tmp_path, monkeypatch, tiny_folder):
    """Somebody in an empty folder with a few files."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    os.symlink(MINILM, tmp_path / "all-MiniLM-L6-v2")
    hub = {"facebook/rag-token-nq": tiny_folder, "facebook/dpr-ctx_encoder-single-nq-base": tiny_folder / "ctx_encoder"}
    published = {name: shutil.copytree(folder, tmp_path / "hub" / name) for name, folder in hub.items()}
    shutil.rmtree(published["facebook/rag-token-nq"] / "ctx_encoder")  # on the hub it is a model of its own
    fetch = SimpleNamespace(snapshot_download=lambda name, allow_patterns: str(published[name]))
    monkeypatch.setitem(sys.modules, "huggingface_hub", fetch)
    monkeypatch.setattr("minirag.training.demo.recipe.Recipe", lambda: SMALL)
    monkeypatch.setattr("minirag.cli.opening.demo_folder", lambda: tiny_folder)
    monkeypatch.setattr("minirag.cli.demo.demo_folder", lambda: tiny_folder)
    monkeypatch.setattr("minirag.cli.reproduce.sized", lambda given: replace(SIZE, seeds=1, collapse_sample=2))
    monkeypatch.setattr("minirag.training.demo.questions.QUESTIONS_DRAWN", 6)  # the other two are learned from
    monkeypatch.chdir(tmp_path)


def test_every_minirag_command_of_the_readme_runs_one_after_the_other(reader, capsys):
    from minirag.cli import run

    for words in commands():
        if words[0] == "minirag" and words[1] != "serve":  # a page is served until somebody stops it: tests/serve
            shutil.rmtree("my-kb", ignore_errors=True) if words[-2:] == ["--out", "my-kb"] else None
            assert run(words[1:]) == 0, (words, capsys.readouterr().err)
