"""What is one published network? Its settings, its tensors as they lie in the file, and the tables their names follow.

Paper     none
Tutorial  tutorials/07_checkpoints.py
Tests     tests/conversion/test_convert.py
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from minirag.configuration import BartConfig, BertConfig, RagConfig
from minirag.model import name_tables
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import NameTable
from minirag.model.tensor_files import Tensors
from minirag.rag.folder import networks

# architecture → (how the network is made, the table its names are written by)
ARCHITECTURES: dict[str, tuple[Callable[[Any], nn.Module], NameTable]] = {
    "DPRQuestionEncoder": (DPRQuestionEncoder, name_tables.DPR_QUESTION_ENCODER),
    "DPRContextEncoder": (DPRContextEncoder, name_tables.DPR_CONTEXT_ENCODER),
    "BartForConditionalGeneration": (BartForConditionalGeneration, name_tables.BART),
    "RagModel": (networks, name_tables.RAG_MODEL),
    "RagTokenForGeneration": (networks, name_tables.RAG_FOR_GENERATION),
    "RagSequenceForGeneration": (networks, name_tables.RAG_FOR_GENERATION),
}


@dataclass(frozen=True)
class Published:
    """One network of a source. `layouts` are the tables its names may follow; `folder` is where it goes in the destination."""

    architecture: str
    config: BertConfig | BartConfig | RagConfig
    tensors: Tensors
    layouts: tuple[NameTable, ...]
    source: Path
    folder: str = ""
