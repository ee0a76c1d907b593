"""How is an answer searched for? What the caller says, else what the generator's config says.

Paper     RAG App. A (beams, lengths)
Tutorial  tutorials/13_beam_search.py
Tests     tests/test_rag.py
"""

from dataclasses import fields
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from minirag.configuration import RagConfig
from minirag.decoding.beam_search import SearchOptions
from minirag.decoding.rag_sequence import Candidate
from minirag.text.batching import pad_ids

OPTIONS = {option.name for option in fields(SearchOptions)}


def search_options(config: RagConfig, settings: dict[str, Any]) -> SearchOptions:
    """`settings` are fields of SearchOptions; those that are not given, or None, come from the generator's config."""
    given = {name: value for name, value in settings.items() if value is not None}
    defaults = {name: getattr(config.generator, name) for name in OPTIONS if hasattr(config.generator, name)}
    return SearchOptions(**{**defaults, **given})


def split_settings(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keyword arguments of `generate` → (how to search, what to read)."""
    search = {name: value for name, value in settings.items() if name in OPTIONS}
    return search, {name: value for name, value in settings.items() if name not in OPTIONS}


def padded_sequences(found: list[list[Candidate]], pad_token_id: int, device: torch.device) -> Int[Tensor, "N T"]:
    """The candidates of all questions, one a row, start token first, padding behind eos."""
    return pad_ids([candidate.tokens for those in found for candidate in those], pad_token_id).input_ids.to(device)
