"""What networks does a source hold? A model folder, one file of weights, or an original file of the authors.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_convert.py, tests/crosscheck/test_conversion.py
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from minirag.conversion.original_files import ALLOWED, original_parts
from minirag.conversion.pickled_files import pickled_weights_file, read_pickled, read_pickled_tensors, state_dict
from minirag.conversion.published import Published
from minirag.model import name_tables
from minirag.model.config_files import CONFIG, read_bart_config, read_bert_config, read_config
from minirag.model.tensor_files import INDEX, WEIGHTS, Tensors, read_tensors, weights_file
from minirag.rag.folder import CONTEXT_ENCODER_FOLDER, VARIANTS, architecture, read_rag_config

ENCODERS = {"question-encoder": "DPRQuestionEncoder", "context-encoder": "DPRContextEncoder"}
KINDS = ("dpr", "bert", "bart", "rag")


def read_source(source: Path, as_encoder: str | None = None) -> list[Published]:
    """Every network of a folder or file. `as_encoder`, a key of ENCODERS, says what a plain BERT is to become."""
    if source.is_dir():
        return read_folder(source, *folder_tensors(source), as_encoder)
    if not source.is_file():
        raise ValueError(f"{source}: no such file or folder")
    if source.suffix == ".safetensors" or source.name.endswith(INDEX):
        read = read_pickled_tensors if source.name.endswith(f".bin{INDEX}") else read_tensors
        return read_folder(source.parent, read(source), source, as_encoder)
    content = read_pickled(source, ALLOWED)
    original = original_parts(content, source)
    if original is None:
        return read_folder(source.parent, state_dict(content, source), source, as_encoder)
    if as_encoder is not None:
        raise ValueError(f"{source}: --as {as_encoder} is for a plain BERT, and this file says itself what it holds")
    return original


def folder_tensors(folder: Path) -> tuple[Tensors, Path]:
    """The tensors of a model folder, from safetensors where there are any, and their file."""
    read_config(folder)
    pickled = pickled_weights_file(folder)
    if pickled is None or (folder / WEIGHTS).is_file() or (folder / (WEIGHTS + INDEX)).is_file():
        path = weights_file(folder)
        return read_tensors(path), path
    return read_pickled_tensors(pickled), pickled


def read_folder(folder: Path, tensors: Tensors, path: Path, as_encoder: str | None) -> list[Published]:
    """The network that a folder's config.json describes, and the context encoder beside or inside it."""
    settings = read_config(folder)
    kind = settings.get("model_type")
    if kind not in KINDS:
        raise ValueError(f"{folder / CONFIG}: model_type={kind!r} cannot be honoured (one of {', '.join(KINDS)})")
    if as_encoder is not None and kind != "bert":
        raise ValueError(f"{folder}: --as {as_encoder} is for a plain BERT, and model_type={kind!r}")
    if kind == "rag":
        return rag_parts(folder, settings, tensors, path)
    if kind == "bart":
        name = "BartForConditionalGeneration"
        return [Published(name, read_bart_config(folder), tensors, name_tables.BART_LAYOUTS, path)]
    return [encoder(folder, tensors, path, kind, as_encoder)]


def encoder(folder: Path, tensors: Tensors, path: Path, kind: str, as_encoder: str | None) -> Published:
    """The names say which encoder of DPR it is; a plain BERT may become either."""
    if kind == "bert" and as_encoder is None:
        raise ValueError(f"{folder}: a plain BERT; say what it is to be: --as {' or --as '.join(ENCODERS)}")
    is_context = any(name.startswith("ctx_encoder.") for name in tensors)
    name = ENCODERS[as_encoder or ("context-encoder" if is_context else "question-encoder")]
    return encoder_named(name, read_bert_config(folder), tensors, path)


def encoder_named(name: str, config: Any, tensors: Tensors, path: Path, folder: str = "") -> Published:
    is_question = name == "DPRQuestionEncoder"
    layouts = name_tables.QUESTION_ENCODER_LAYOUTS if is_question else name_tables.CONTEXT_ENCODER_LAYOUTS
    return Published(name, config, tensors, layouts, path, folder)


def rag_parts(folder: Path, settings: dict[str, Any], tensors: Tensors, path: Path) -> list[Published]:
    """A RAG model; a context encoder that was trained along lies in the same file, or in a folder of its own."""
    config = read_rag_config(folder, settings)
    written = architecture(settings)
    context, own = split_context_encoder(tensors)
    rag = Published(written if written in VARIANTS else "RagModel", config, own, name_tables.RAG_LAYOUTS, path)
    if context:
        name = "DPRContextEncoder"
        return [rag, encoder_named(name, config.question_encoder, context, path, CONTEXT_ENCODER_FOLDER)]
    if (folder / CONTEXT_ENCODER_FOLDER / CONFIG).is_file():
        beside = read_source(folder / CONTEXT_ENCODER_FOLDER, None)
        return [rag, *(replace(part, folder=CONTEXT_ENCODER_FOLDER) for part in beside)]
    return [rag]


def split_context_encoder(tensors: Tensors) -> tuple[Tensors, Tensors]:
    """(the context encoder's own names, the rest)."""
    inside = [name for name in tensors if name.startswith(("rag.ctx_encoder.", "ctx_encoder."))]
    context = {name.removeprefix("rag.").removeprefix("ctx_encoder."): tensors[name] for name in inside}
    return context, {name: tensor for name, tensor in tensors.items() if name not in inside}
