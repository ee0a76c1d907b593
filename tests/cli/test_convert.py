"""`minirag convert`: one line per tensor, a summary, and one line on stderr for whatever cannot be read."""

import pytest
import torch

from minirag.cli import run
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import load_network
from tests.cli.refusal import refusal
from tests.conversion.planted import Planted, biencoder, fairseq, write_bin_folder
from tests.model.networks import bart


def converted(capsys, *arguments) -> list[str]:
    assert run(["convert", *map(str, arguments)]) == 0
    return capsys.readouterr().out.splitlines()


def test_every_tensor_is_one_line_and_the_last_line_sums_up(capsys, tmp_path):
    torch.save(fairseq(), tmp_path / "model.pt")
    *lines, summary = converted(capsys, tmp_path / "model.pt", tmp_path / "new")
    assert len(lines) == len(fairseq()["model"]) + 1
    columns = {tuple(part.strip() for part in line.split("  ") if part.strip()) for line in lines}
    assert (
        "kept",
        "24 × 16",
        "float32",
        "encoder.layers.0.fc1.weight",
        "as model.encoder.layers.0.fc1.weight",
    ) in columns
    assert ("added", "1 × 40", "final_logits_bias", "0, where a file leaves it out") in columns
    assert summary.startswith(f"{tmp_path / 'new'}: BartForConditionalGeneration, ")
    assert summary.endswith(f" {len(lines) - 1} kept, 1 added; no tokenizer found beside it")
    load_network(BartForConditionalGeneration, tmp_path / "new")


def test_what_is_tied_or_dropped_says_why_and_a_name_that_stays_is_told_once(capsys, tmp_path):
    extra = {"lm_head.weight": bart().embed_tokens.weight.detach(), "model.encoder.version": torch.zeros(1)}
    write_bin_folder(tmp_path / "source", **extra)
    lines = converted(capsys, tmp_path / "source", tmp_path / "new", "--dtype", "float16")
    said = {line.split()[-1 if line.startswith("tied") else 1]: " ".join(line.split()) for line in lines}
    assert said["model.shared.weight"] == "tied 40 × 16 float32 lm_head.weight to model.shared.weight"
    assert any(line.split() == ["kept", "1", "×", "40", "float32", "final_logits_bias"] for line in lines)
    assert any("the number of a file format" in line for line in lines)


def test_both_encoders_of_the_original_file_are_told_of(capsys, tmp_path):
    torch.save(biencoder(), tmp_path / "dpr_biencoder.1.cp")
    lines = converted(capsys, tmp_path / "dpr_biencoder.1.cp", tmp_path / "new")
    assert any(line.startswith(f"{tmp_path}/new/question_encoder: DPRQuestionEncoder, ") for line in lines)
    assert lines[-1].startswith(f"{tmp_path}/new/ctx_encoder: DPRContextEncoder, ")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "dpr_biencoder.1.cp", "model.pt"])
def test_a_planted_pickle_is_one_line(capsys, tmp_path, name):
    made = tmp_path / "made"
    content = {"dpr_biencoder.1.cp": biencoder, "model.pt": fairseq}.get(name, dict)
    torch.save(content(extra_state=Planted(made)), tmp_path / name)
    assert "refused: it asks for" in refusal(capsys, "convert", tmp_path / name, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_name_that_would_move_the_cursor_is_shown_as_text(capsys, tmp_path):
    write_bin_folder(tmp_path / "source", **{"\x1b[2Jqa": torch.zeros(1)})
    line = refusal(capsys, "convert", tmp_path / "source", tmp_path / "new")
    assert r"unexpected tensor \x1b[2Jqa" in line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "source"),
        (["model.pt"], "destination"),
        (["model.pt", "new", "--as", "reader"], "'reader'"),
        (["model.pt", "new", "--dtype", "int8"], "'int8'"),
        (["./nowhere.pt", "new"], "nowhere.pt: no such file or folder"),
    ],
)
def test_a_mistyped_command(capsys, tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    assert named in refusal(capsys, "convert", *arguments)
