"""One step of RAG training: forward, backward, and AdamW over both networks, with dropout as published.

The scores come from the question encoder, which is trained along; passages' vectors are given. Both sides have the same
optimizer (fused). Dropout draws other numbers on each side, so losses and gradients are compared without it: each question's
loss is a mean over questions, and the gradient is compared by its length in every network. `recomputed`: minirag with
--activation-checkpointing, which computes layers again instead of keeping what they held. `padded`: each side's contexts are as
wide as its own retriever makes them, transformers' 300 tokens (deviation 27).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.inputs import as_their_retriever_pads, training_batch
from benchmarks.job import OURS, THEIRS, Case, Job, Prepared, same_numbers, weight_bytes
from benchmarks.models import our_rag, their_rag
from benchmarks.sizes import PAD
from minirag.rag.sources import given_sources
from minirag.training.activation_checkpointing import checkpoint_activations
from minirag.training.rag.objective import answer_nll

RATE = 1e-5
COPIES = 4  # weight, gradient and two moments of each parameter


def ours(variant: str, recompute: bool, case: Case) -> Prepared:
    model, batch = our_rag(variant, case), training_batch(case)
    if recompute:
        checkpoint_activations(model)

    def loss() -> Tensor:
        scores = passage_scores(batch, model.question_encoder)
        real = batch["context_attention_mask"].bool()
        read = given_sources(batch["context_input_ids"], real, scores, None)
        return answer_nll(model.rag, read, batch["labels"], batch["labels"] != PAD, variant).mean()

    return steps(model, loss)


def theirs(variant: str, padded: bool, case: Case) -> Prepared:
    model, batch = their_rag(variant, case), training_batch(case)
    if padded:
        batch = as_their_retriever_pads(batch)

    def loss() -> Tensor:
        given = {name: batch[name] for name in ("context_input_ids", "context_attention_mask", "labels")}
        scores = passage_scores(batch, model.rag.question_encoder)
        return model(**given, doc_scores=scores, reduce_loss=True).loss / case.questions

    return steps(model, loss)


def passage_scores(batch: dict[str, Tensor], question_encoder: nn.Module) -> Tensor:
    """d(z)ᵀ q(x)."""
    return (batch["vectors"] @ question_encoder(batch["questions"]).pooler_output[:, :, None])[..., 0]


def steps(model: nn.Module, loss: Callable[[], Tensor]) -> Prepared:
    """Gradients and moments are there from the beginning."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    optimizer.zero_grad()

    def step() -> None:
        loss().backward()
        optimizer.step()
        optimizer.zero_grad()

    return Prepared(step, COPIES * weight_bytes(model), lambda: loss_and_gradients(model, loss))


def loss_and_gradients(model: Any, loss: Callable[[], Tensor]) -> Tensor:
    """(loss, ‖gradient of the question encoder‖, ‖gradient of the generator‖), without dropout; nothing is changed."""
    model.eval()
    value = loss()
    value.backward()
    norms = [gradient_norm(part) for part in (model.rag.question_encoder, model.rag.generator)]
    model.zero_grad()
    model.train()
    return torch.stack([value.detach(), *norms])


def gradient_norm(network: nn.Module) -> Tensor:
    gradients = [parameter.grad.norm() for parameter in network.parameters() if parameter.grad is not None]
    return torch.stack(gradients).norm()


def sides(variant: str, recompute: bool = False, padded: bool = False) -> Mapping[str, Callable[[Case], Prepared]]:
    return {OURS: partial(ours, variant, recompute), THEIRS: partial(theirs, variant, padded)}


TOKEN = Job("training step, RAG-Token", sides("token"), same_numbers)
SEQUENCE = Job("training step, RAG-Sequence", sides("sequence"), same_numbers)
TOKEN_RECOMPUTED = Job("training step, RAG-Token, recomputed", sides("token", True), same_numbers)
SEQUENCE_RECOMPUTED = Job("training step, RAG-Sequence, recomputed", sides("sequence", True), same_numbers)
TOKEN_PADDED = Job("training step, RAG-Token, each as its retriever pads", sides("token", padded=True), same_numbers)
SEQUENCE_PADDED = Job(
    "training step, RAG-Sequence, each as its retriever pads", sides("sequence", padded=True), same_numbers
)
