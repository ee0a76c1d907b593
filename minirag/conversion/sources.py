"""What networks does a source hold? A model folder, one file of weights, or an original file of the authors.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_convert.py, tests/crosscheck/test_conversion.py
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from minirag.conversion.original_files import ALLOWED, original_parts
from minirag.conversion.pickled_files import read_pickled, read_pickled_tensors, state_dict
from minirag.conversion.published import Published
from minirag.model import name_tables
from minirag.model.config_files import CONFIG, read_bart_config, read_bert_config, read_config
from minirag.model.name_tables import under
from minirag.model.tensor_files import INDEX, Tensors, pickled_file, read_tensors, safetensors_file, weights_file
from minirag.rag.folder import CONTEXT_ENCODER_FOLDER, VARIANTS, architecture, read_rag_config

ENCODERS = {"question-encoder": "DPRQuestionEncoder", "context-encoder": "DPRContextEncoder"}
INSIDE = ("rag.ctx_encoder.", "ctx_encoder.")  # a context encoder in the file of a RAG model
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
    pickled = pickled_file(folder)
    if pickled is not None and safetensors_file(folder) is None:
        return read_pickled_tensors(pickled), pickled
    path = weights_file(folder)
    return read_tensors(path), path


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
    is_question = name == "DPRQuestionEncoder"
    layouts = name_tables.QUESTION_ENCODER_LAYOUTS if is_question else name_tables.CONTEXT_ENCODER_LAYOUTS
    return Published(name, read_bert_config(folder), tensors, layouts, path)


def rag_parts(folder: Path, settings: dict[str, Any], tensors: Tensors, path: Path) -> list[Published]:
    """A RAG model; a context encoder that was trained along lies in the same file, or in a folder of its own."""
    config, written = read_rag_config(folder, settings), architecture(settings)
    inside = {name: tensor for name, tensor in tensors.items() if name.startswith(INSIDE)}
    own = {name: tensor for name, tensor in tensors.items() if name not in inside}
    rag = Published(written if written in VARIANTS else "RagModel", config, own, name_tables.RAG_LAYOUTS, path)
    place = folder / CONTEXT_ENCODER_FOLDER
    if inside:
        layouts = tuple(under(prefix, "", name_tables.DPR_CONTEXT_ENCODER) for prefix in INSIDE)
        return [rag, Published("DPRContextEncoder", config.question_encoder, inside, layouts, path, place.name)]
    if (place / CONFIG).is_file():
        plain = read_config(place).get("model_type") == "bert"
        beside = read_source(place, "context-encoder" if plain else None)
        return [rag, *(replace(part, folder=place.name) for part in beside)]
    return [rag]
