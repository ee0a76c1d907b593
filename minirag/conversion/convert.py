"""How does a published checkpoint become a folder that opens as it is? Its tensors under the written names, every one told of.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_convert.py, tests/crosscheck/test_conversion.py

No network is built: a tensor goes from the file that is mapped to the file that is written, one copy at a time in memory.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Shaped
from torch import Tensor

from minirag.configuration import BertConfig, RagConfig
from minirag.conversion.fates import Fate, tensor_fates
from minirag.conversion.published import ARCHITECTURES, Published
from minirag.conversion.sources import read_source
from minirag.model.checkpoint import own_tensors
from minirag.model.config_files import write_config
from minirag.model.name_tables import layout, published_names
from minirag.model.tensor_files import WEIGHTS, write_tensors
from minirag.rag.folder import holds_tokenizer
from minirag.retrieval.retriever import KNOWLEDGE_BASE_FOLDER
from minirag.retrieval.whole_folder import whole_folder
from minirag.text.rag_tokenizer import GENERATOR_FOLDER, QUESTION_ENCODER_FOLDER
from minirag.text.tokenizers import Tokenizer

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Converted:
    """One network that was written: what it is, the folder inside the destination, and every tensor's fate."""

    architecture: str
    folder: str
    fates: list[Fate]
    tokenizers: list[str]
    size: int
    notes: list[str]


def convert(
    source: Path,
    destination: Path,
    as_encoder: str | None = None,
    dtype: str | None = None,
    variant: str | None = None,
) -> list[Converted]:
    """Write every network of a source; the destination appears whole or not at all. ValueError names what is wrong.

    as_encoder: "question-encoder" or "context-encoder", what a plain BERT is to become. dtype: a key of DTYPES; without it
    each tensor keeps its own. variant: "token" or "sequence", what a RAG model is to be from now on.
    """
    if destination.exists():
        raise ValueError(f"{destination}: is there already; convert writes a new folder")
    parts = read_source(source, as_encoder)
    if variant is not None:
        parts = [as_variant(parts[0], variant), *parts[1:]]
    with whole_folder(destination) as folder:
        return [write_part(part, folder / part.folder, DTYPES[dtype] if dtype else None) for part in parts]


def as_variant(part: Published, variant: str) -> Published:
    """The same weights under the other likelihood, because somebody asked for it."""
    if not part.architecture.startswith("Rag"):
        raise ValueError(f"{part.source}: --variant {variant} is for a RAG model, and this is a {part.architecture}")
    return replace(part, architecture=f"Rag{variant.capitalize()}ForGeneration")


def write_part(part: Published, folder: Path, dtype: torch.dtype | None) -> Converted:
    """config.json, model.safetensors and the tokenizers of one network."""
    make, table = ARCHITECTURES[part.architecture]
    with torch.device("meta"):
        wanted = make(part.config).state_dict()
    names, read_by = published_names(wanted, table), layout(part.tensors, part.layouts)
    own = own_tensors(part.tensors, wanted, read_by, part.source)
    added = {name: torch.zeros(wanted[name].shape) for name in wanted.keys() - own.keys()}
    tensors = {names[name]: as_stored(tensor, dtype, names[name]) for name, tensor in {**own, **added}.items()}
    write_config(folder, {"architectures": [part.architecture], **part.config.to_dict()})
    write_tensors(tensors, folder)
    fates = tensor_fates(part.tensors, read_by, names)
    fates += [
        Fate(names[name], "added", "0, where a file leaves it out", tuple(zero.shape)) for name, zero in added.items()
    ]
    size = (folder / WEIGHTS).stat().st_size
    return Converted(part.architecture, part.folder, fates, copy_tokenizers(part, folder), size, notes(part))


def notes(part: Published) -> list[str]:
    """What is not told by tensors: settings that transformers does not read, and what was left where it is."""
    config, said = part.config, []
    if isinstance(config, BertConfig) and (config.pooling != "cls" or config.normalize):
        settings = f"pooling={config.pooling!r}, normalize={config.normalize}"
        said.append(f"{settings}: transformers reads neither, and takes the [CLS] state")
    if isinstance(config, BertConfig) and config.scale != 1:
        said.append(f"scale={config.scale}: transformers does not read it, and scores without it")
    if isinstance(config, RagConfig) and (part.source.parent / KNOWLEDGE_BASE_FOLDER).is_dir():
        said.append(
            f"{KNOWLEDGE_BASE_FOLDER}/ is not copied: it opens with --kb as long as its context encoder is the same"
        )
    return said


def as_stored(tensor: Shaped[Tensor, "..."], dtype: torch.dtype | None, name: str) -> Shaped[Tensor, "..."]:
    """In the number format asked for, with a storage of its own. ValueError: a number is too large for it."""
    stored = tensor.to(dtype or tensor.dtype).contiguous()
    if dtype == torch.float16 and bool((stored.isinf() & tensor.isfinite()).any()):
        raise ValueError(f"tensor {name}: {tensor.abs().max().item():.4g} is too large for float16; take bfloat16")
    shared = stored.untyped_storage().nbytes() > stored.numel() * stored.element_size()
    return stored.clone() if shared else stored


def copy_tokenizers(part: Published, folder: Path) -> list[str]:
    """Written as tokenizer.json whatever their files were. The folders that had one."""
    subfolders = [QUESTION_ENCODER_FOLDER, GENERATOR_FOLDER] if part.architecture.startswith("Rag") else [""]
    there = [name for name in subfolders if holds_tokenizer(part.source.parent / name)]
    for name in there:
        Tokenizer.from_pretrained(part.source.parent / name).save_pretrained(folder / name)
    return there
