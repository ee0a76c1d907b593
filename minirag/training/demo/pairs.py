"""How does a retriever learn which passage answers a question? In-batch negatives: every other question's passage is wrong.

Paper     Karpukhin et al. 2020 (DPR), §3.2 (in-batch negatives)
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/demo/test_pairs.py

One network serves both sides here, which makes a name in the question match the same name in a passage from the first step
on. The two become separate when RAG is trained: then only the question's side moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.retrieval.encoding import encode_passages, encode_questions
from minirag.retrieval.passages import Passage
from minirag.text.tokenizers import Tokenizer
from minirag.training.demo.lessons import recased
from minirag.training.dpr.objective import dpr_loss
from minirag.world.invented import Inventor
from minirag.world.passages import ask, write_passage

SIMILAR = 0.4  # share of entities that are named after another one of the batch


@dataclass(frozen=True)
class Pair:
    """A question and the one passage of its batch that answers it."""

    question: str
    passage: Passage


def pairs(inventor: Inventor, entities: int, rng: Random) -> list[Pair]:
    """Two passages of each entity, a question to each: the other passage of the same entity is the hard negative.

    Many an entity has a relative with a similar name, so that a shared word is not taken for the entity.
    """
    names: list[str] = []
    while len(names) < entities:
        similar = bool(names) and rng.random() < SIMILAR
        name = inventor.relative(rng.choice(names), rng) if similar else inventor.entity(rng)
        names += [name] if name not in names else []
    kind = rng.choice(("country", "country", "element"))
    return [pair for name in names for pair in pairs_about(inventor, name, kind, rng)]


def pairs_about(inventor: Inventor, entity: str, kind: str, rng: Random) -> list[Pair]:
    sizes = rng.randint(2, 5), rng.randint(2, 5)
    facts = inventor.facts(entity, kind, sum(sizes), rng)
    return [
        Pair(recased(ask(rng.choice(part), rng), rng), write_passage(part, "invented", rng))
        for part in (facts[: sizes[0]], facts[sizes[0] :])
    ]


def pair_loss(
    question_encoder: DPRQuestionEncoder | DPRContextEncoder,
    context_encoder: DPRContextEncoder,
    tokenizer: Tokenizer,
    batch: Sequence[Pair],
) -> Float[Tensor, ""]:
    """The DPR loss of a batch of pairs; the same network may be given twice."""
    questions = encode_questions(question_encoder, tokenizer, [pair.question for pair in batch])
    passages = encode_passages(context_encoder, tokenizer, [pair.passage for pair in batch])
    return dpr_loss(questions, passages)


def top_1(encoder: DPRContextEncoder, tokenizer: Tokenizer, batch: Sequence[Pair]) -> float:
    """Share of questions whose own passage scores highest among the batch's: read while training."""
    with torch.inference_mode():
        questions = encode_questions(encoder, tokenizer, [pair.question for pair in batch])
        passages = encode_passages(encoder, tokenizer, [pair.passage for pair in batch])
    best = (questions @ passages.mT).argmax(dim=1)
    return (best == torch.arange(len(batch), device=best.device)).float().mean().item()
