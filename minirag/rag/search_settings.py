"""How is an answer searched for? What the caller says, else what the generator's config says.

Paper     RAG App. A (beams, lengths)
Tutorial  tutorials/13_beam_search.py
Tests     tests/rag/test_search_settings.py, tests/crosscheck/test_rag_generate.py
"""

from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from minirag.configuration import RagConfig
from minirag.decoding.rag_sequence import Candidate
from minirag.decoding.search_options import SETTINGS, SearchOptions, options_for
from minirag.text.batching import pad_ids


def search_options(config: RagConfig, settings: dict[str, Any]) -> SearchOptions:
    """`settings` as in `SearchOptions`; those that are not given, or None, come from the generator's config.

    (In transformers, RAG-Sequence does not look there: deviation 25.)
    """
    return options_for(config.generator, settings)


def split_settings(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keyword arguments of `generate` → (how to search, what to read). An unknown name is refused by what reads."""
    search = {name: value for name, value in settings.items() if name in SETTINGS}
    return search, {name: value for name, value in settings.items() if name not in SETTINGS}


def padded_sequences(found: list[list[Candidate]], pad_token_id: int, device: torch.device) -> Int[Tensor, "N T"]:
    """The candidates of all questions, one a row, start token first, padding behind eos."""
    return pad_ids([candidate.tokens for those in found for candidate in those], pad_token_id).input_ids.to(device)
