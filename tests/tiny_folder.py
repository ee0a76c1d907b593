"""A whole model folder with random weights, as `minirag train demo` would write it: everything that weights/demo has."""

from pathlib import Path

import torch

from minirag.model.dpr import DPRContextEncoder
from minirag.rag import RagModel
from minirag.training.demo.folder import write_demo
from minirag.world.facts import Fact, write_facts
from tests.small_rag import small_config
from tests.small_tokenizers import rag_tokenizer

FACTS = [
    Fact(entity, "country", relation, value)
    for entity, *values in [
        ("Mongolia", "Ulaanbaatar", "tugrik"),
        ("Switzerland", "Bern", "Swiss franc"),
        ("Malta", "Valletta", "euro"),
        ("São Tomé and Príncipe", "São Tomé", "dobra"),
    ]
    for relation, value in zip(("capital", "currency"), values, strict=True)
]


def write_tiny_folder(folder: Path, seed: int = 0) -> Path:
    """Four passages of two facts, eight questions."""
    torch.manual_seed(seed)
    rag = RagModel(small_config(max_combined_length=96), tokenizer=rag_tokenizer()).eval()
    rag.set_context_encoder_for_training(DPRContextEncoder(rag.config.question_encoder).eval())
    folder.mkdir(parents=True)
    write_facts(folder / "facts.jsonl", FACTS)
    write_demo(rag, folder / "facts.jsonl", folder)
    return folder
