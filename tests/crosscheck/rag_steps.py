"""One training step of a RAG model, here and in transformers: the same weights, questions, passages and answers."""

from dataclasses import dataclass, fields
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from tests.crosscheck.reference_models import ragged

PAIRS = {
    "token": (RagTokenForGeneration, transformers.RagTokenForGeneration),
    "sequence": (RagSequenceForGeneration, transformers.RagSequenceForGeneration),
}
# RAG-Sequence is compared from two scored tokens on: with one, transformers loses the prior (deviation 1)
FEWEST_LABELS = {"token": 2, "sequence": 3}


@dataclass
class FixedRetrieval:
    """Stands where transformers has a retriever: whatever is asked, these passages with these vectors are found."""

    context_input_ids: Tensor  # (B·K, S)
    context_attention_mask: Tensor  # (B·K, S)
    retrieved_doc_embeds: Tensor  # (B, K, P)

    def __call__(self, *asked: Any, **settings: Any) -> dict[str, Tensor]:
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**found, "doc_ids": torch.zeros(self.retrieved_doc_embeds.shape[:2], dtype=torch.long)}


@dataclass
class Step:
    """B questions, their K passages each, their answers, and how much each question's loss counts."""

    question_ids: Tensor  # (B, Q)
    question_mask: Tensor  # (B, Q)
    found: FixedRetrieval
    labels: Tensor  # (B, T)
    loss_weights: Tensor  # (B,)


def random_step(
    question_lengths: list[int], context_lengths: list[int], answer_lengths: list[int], model: nn.Module, seed: int
) -> Step:
    """For transformers' `model`: ids of its vocabularies, vectors as wide as its q(x); scores with a deviation of 2."""
    random = torch.Generator().manual_seed(seed)
    config = model.config
    width = config.question_encoder.projection_dim or config.question_encoder.hidden_size
    rows = len(question_lengths)
    vectors = 2.0 / width**0.5 * torch.randn(rows, len(context_lengths) // rows, width, generator=random)
    contexts, mask = ragged(context_lengths, config.generator.vocab_size, seed)
    labels, _ = ragged(answer_lengths, config.generator.vocab_size, seed + 1)
    questions, question_mask = ragged(question_lengths, config.question_encoder.vocab_size, seed + 2)
    found = FixedRetrieval(contexts, mask.long(), vectors)
    return Step(questions, question_mask, found, labels, 0.5 + torch.rand(rows, generator=random))


def our_output(model: nn.Module, step: Step, label_smoothing: float = 0.0, **wanted: bool) -> Any:
    """q(x) and d(z)ᵀq(x) in float32 as a retriever's are, or in float64 in a float64 model."""
    q = model.question_encoder(step.question_ids, step.question_mask).pooler_output
    q = q.to(torch.promote_types(q.dtype, torch.float32))
    return model(
        context_input_ids=step.found.context_input_ids,
        context_attention_mask=step.found.context_attention_mask,
        doc_scores=(q[:, None] * step.found.retrieved_doc_embeds.to(q.dtype)).sum(dim=-1),
        labels=step.labels,
        label_smoothing=label_smoothing,
        **wanted,
    )


def their_output(model: nn.Module, step: Step, label_smoothing: float = 0.0, **wanted: bool) -> Any:
    model.set_retriever(step.found)
    model.config.label_smoothing = label_smoothing
    n_docs = step.found.retrieved_doc_embeds.shape[1]
    return model(step.question_ids, step.question_mask.long(), labels=step.labels, n_docs=n_docs, **wanted)


def backward(output: Any, step: Step) -> None:
    """Each question's loss with a weight of its own: a row that took another's gradient would show."""
    (output.loss * step.loss_weights).sum().backward()
