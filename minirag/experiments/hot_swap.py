"""Does the answer follow the index? Questions about facts that were changed, over the old index and over the new one.

Paper     RAG §4.5 (index hot-swapping)
Tutorial  tutorials/19_hot_swap_and_your_own_documents.py
Tests     tests/experiments/test_rows.py, tests/experiments/test_hot_swap.py
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from minirag.evaluation.hot_swap import two_worlds
from minirag.experiments.rows import Experiment, Row
from minirag.experiments.size import Size, usual
from minirag.model.checkpoint import encoder_fingerprint
from minirag.retrieval.construction import build_knowledge_base
from minirag.retrieval.encoding import encode_passages
from minirag.retrieval.knowledge_base import KnowledgeBase
from minirag.retrieval.passages import Passage
from minirag.training.rag.opening import Start
from minirag.world.facts import read_facts

SWAP_SEED = 0


def hot_swap(size: Size) -> Experiment:
    """One set of weights, two indexes, two sets of right answers."""
    token = usual(size)

    def row(index: str, answers: str, against: str | None) -> Row:
        name = f"{'true' if index == 'own' else index} index, {answers} answers"
        return Row(name, replace(token, index=index, answers=answers), against)

    return Experiment(
        name="hot-swap",
        title="Index hot-swap",
        said=(
            "Section 4.5 of the paper: asked for world leaders, RAG is right for 70 % with the index of their year "
            "and 68 % with that of the other year and its leaders, 12 % and 4 % where index and leaders are of "
            "different years. Here every fact of the swapped index is another entity's; the same questions are "
            "asked, of facts that did change; nothing is trained in between."
        ),
        rows=(
            row("own", "true", None),
            row("own", "swapped", "true index, true answers"),
            row("swapped", "swapped", "true index, swapped answers"),
            row("swapped", "true", "true index, true answers"),
        ),
    )


def swapped_base(start: Start, facts: Path, place: Path) -> KnowledgeBase:
    """The knowledge base of the swapped world, by the model's own context encoder; made once, then opened."""
    encoder, tokenizer = start.context_encoder, start.model.rag.needed_tokenizer().question_encoder
    if encoder is None:
        raise ValueError("the swapped index needs the context encoder, and no folder has it")
    fingerprint = encoder_fingerprint(encoder)
    if place.exists():
        return KnowledgeBase.open(place, fingerprint)
    passages, _ = two_worlds(read_facts(facts), SWAP_SEED)

    def encode(batch: Sequence[Passage]) -> torch.Tensor:
        return encode_passages(encoder, tokenizer, batch)

    return build_knowledge_base(place, passages, encode, fingerprint)
