"""Every line of "what bad input gets": one line that names the thing at fault, exit status 2, nothing half-written."""

import json
import shutil
import subprocess
import sys

import pytest
from safetensors.torch import load_file, save_file

from minirag.cli import run
from tests.cli.refusal import refusal
from tests.tiny_folder import write_tiny_folder


@pytest.fixture
def copy(tiny_folder, tmp_path):
    """A model folder that a test may damage."""
    return shutil.copytree(tiny_folder, tmp_path / "copy")


@pytest.mark.parametrize("question", ["", " ", "\n\t\u3000"])
def test_an_empty_question(capsys, tiny_folder, question):
    assert "question is empty" in refusal(capsys, "ask", question, "--model", tiny_folder)


def test_a_question_that_leaves_no_room_for_a_passage(capsys, tiny_folder):
    assert "question" in refusal(capsys, "ask", "why " * 10_000, "--model", tiny_folder)


@pytest.mark.parametrize("command", [["ask", "q"], ["evaluate"], ["index", __file__, "--out", "kb"]])
def test_a_folder_that_is_no_model(capsys, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert "not a model folder" in refusal(capsys, *command, "--model", tmp_path)
    assert "nowhere" in refusal(capsys, *command, "--model", "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_knowledge_base(capsys, tiny_folder, tmp_path):
    for command in (["ask", "q", "--model", tiny_folder, "--kb"], ["verify"]):
        assert "is not a knowledge base" in refusal(capsys, *command, tmp_path)
        assert "nowhere" in refusal(capsys, *command, tmp_path / "nowhere")


def test_a_model_without_a_knowledge_base(capsys, copy):
    shutil.rmtree(copy / "knowledge_base")
    assert "knowledge_base/" in refusal(capsys, "ask", "q", "--model", copy)


def test_a_knowledge_base_made_by_another_encoder(capsys, tiny_folder, tmp_path):
    other = write_tiny_folder(tmp_path / "other", seed=1)
    line = refusal(capsys, "ask", "q", "--model", tiny_folder, "--kb", other / "knowledge_base")
    assert "another context encoder" in line


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "model.safetensors",
        "ctx_encoder/config.json",
        "ctx_encoder/model.safetensors",
        "question_encoder_tokenizer/tokenizer.json",
        "generator_tokenizer/tokenizer.json",
        "knowledge_base/knowledge_base.json",
        "knowledge_base/passages.sqlite",
        "knowledge_base/vectors.safetensors",
    ],
)
@pytest.mark.parametrize("length", [0, 0.5])
def test_a_truncated_file(capsys, copy, name, length):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: int(len(content) * length)])
    assert name.removesuffix("/tokenizer.json") in refusal(capsys, "ask", "q", "--model", copy)


@pytest.mark.parametrize("name", ["knowledge_base.json", "passages.sqlite", "vectors.safetensors"])
def test_an_edited_file_of_a_knowledge_base(capsys, copy, name):
    path = copy / "knowledge_base" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert name in refusal(capsys, "verify", copy / "knowledge_base")
    assert name in refusal(capsys, "ask", "q", "--model", copy)


def test_vectors_with_nan(capsys, copy, tmp_path):
    weights = copy / "ctx_encoder" / "model.safetensors"
    tensors = load_file(weights)
    save_file({name: tensor.fill_(float("nan")) for name, tensor in tensors.items()}, weights)
    (tmp_path / "notes.txt").write_text("The lighthouse.")
    line = refusal(capsys, "index", tmp_path / "notes.txt", "--out", tmp_path / "kb", "--model", copy)
    assert "finite" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "notes.txt"]


@pytest.mark.parametrize("n_docs", [0, -3])
def test_fewer_passages_than_one(capsys, tiny_folder, n_docs):
    for command in (["ask", "q"], ["evaluate"]):
        assert f"n_docs={n_docs}" in refusal(capsys, *command, "--model", tiny_folder, "--n-docs", n_docs)


@pytest.mark.parametrize("num_beams", [0, -1])
def test_fewer_beams_than_one(capsys, tiny_folder, num_beams):
    assert "num_beams" in refusal(capsys, "ask", "q", "--model", tiny_folder, "--num-beams", num_beams)


def test_fewer_beams_than_answers_asked_for(tiny_folder):
    """RAG-Sequence searches once for every passage: it may find more."""
    from minirag.cli.opening import open_model

    with pytest.raises(ValueError, match="num_return_sequences"):
        open_model(tiny_folder, None, "token", "cpu").answer("who?", num_beams=2, num_candidates=3)
    assert (
        len(open_model(tiny_folder, None, "sequence", "cpu").answer("who?", num_beams=2, num_candidates=3).candidates)
        == 3
    )


def test_a_file_that_is_not_utf_8(capsys, tiny_folder, tmp_path):
    file = tmp_path / "facts.tsv"
    file.write_bytes(b"Mongolia\tIts capital.\nMalta\tcaf\xe9\n")
    assert "facts.tsv:2" in refusal(capsys, "index", file, "--out", tmp_path / "kb", "--model", tiny_folder)
    assert "facts.tsv:2" in refusal(
        capsys, "evaluate", "--questions", broken_questions(tmp_path), "--model", tiny_folder
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.tsv"]


def broken_questions(folder):
    """The same file serves: its second line is not UTF-8, and its first is no question."""
    file = folder / "facts.tsv"
    file.write_bytes(b'{"question": "q", "answers": ["a"]}\n\xe9\n')
    return file


@pytest.mark.parametrize("name", ["missing.jsonl", "folder.jsonl", "kind.pdf", "line\nbreak.jsonl"])
def test_a_file_that_cannot_be_read(capsys, tiny_folder, tmp_path, name):
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "kind.pdf").write_bytes(b"%PDF-1.7")
    line = refusal(capsys, "index", tmp_path / name, "--out", tmp_path / "kb", "--model", tiny_folder)
    assert name.split("\n")[0] in line
    assert not (tmp_path / "kb").exists()


@pytest.mark.parametrize(
    ("part", "setting", "value"),
    [
        ("generator", "normalize_before", True),
        ("generator", "activation_function", "swish"),
        ("question_encoder", "position_embedding_type", "relative_key"),
        ("question_encoder", "hidden_size", "16"),
        (None, "n_docs", 0),
        (None, "generator", None),
    ],
)
def test_a_config_with_a_setting_that_cannot_be_honoured(capsys, copy, part, setting, value):
    config = json.loads((copy / "config.json").read_text())
    (config[part] if part else config)[setting] = value
    (copy / "config.json").write_text(json.dumps(config))
    assert setting in refusal(capsys, "ask", "q", "--model", copy)


def test_weights_of_another_shape(capsys, copy):
    tensors = load_file(copy / "model.safetensors")
    name = next(name for name in tensors if name.endswith("layernorm_embedding.weight"))
    save_file({**tensors, name: tensors[name][:-1].clone()}, copy / "model.safetensors")
    assert name in refusal(capsys, "ask", "q", "--model", copy)


def test_a_knowledge_base_is_not_changed_into_one_of_another_kind(capsys, copy, tmp_path):
    (tmp_path / "notes.txt").write_text("The lighthouse.")
    base = copy / "knowledge_base"
    before = {path.name: path.read_bytes() for path in base.iterdir()}
    command = ["index", tmp_path / "notes.txt", "--out", base, "--model", copy, "--dtype", "float32"]
    assert "holds vectors as float16, not float32; --overwrite makes it anew" in refusal(capsys, *command)
    assert {path.name: path.read_bytes() for path in base.iterdir()} == before
    assert run([*map(str, command), "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nope"], "'nope'"),
        (["ask"], "question"),
        (["ask", "q", "--n-docs", "five"], "'--n-docs'"),
        (["ask", "q", "--variant", "both"], "'both'"),
        (["ask", "q", "--wat"], "--wat"),
        (["ask", "what", "is", "this"], "is this"),
        (["index", "notes.txt"], "'--out'"),
        (["evaluate", "--limit", "0"], "--limit 0"),
        (["evaluate", "--batch-size", "0"], "batch_size=0"),
    ],
)
def test_a_mistyped_command(capsys, tiny_folder, arguments, named):
    model = ["--model", tiny_folder] if arguments[0] == "evaluate" else []
    assert named in refusal(capsys, *arguments, *model)


def test_the_installed_command_exits_with_2_and_shows_no_traceback(tmp_path):
    """In a process of its own: the exit status and the streams of the real thing."""
    code = "from minirag.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "verify", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"minirag: {tmp_path}: is not a knowledge base (it has no knowledge_base.json)\n"
