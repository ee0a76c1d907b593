"""What does RAG minimise? −log p(y|x), from the decoder's states to one number, without ever holding all logits.

Paper     RAG §2.4 (minimise Σ_j −log p(y_j|x_j)); the training script of its authors smooths labels by 0.1
Tutorial  tutorials/17_training_rag.py
Tests     tests/rag/test_marginal_nll.py

likelihood.py says what the two marginal likelihoods and their smoothing are; here they are read a part
at a time (model/output_layer.py). RAG-Token's loss is a sum over positions. RAG-Sequence's needs two numbers of each
position and passage: log p(y_t|…) and, where labels are smoothed, Σ_v log p(v|…).

Axes: B questions, K passages, T scored tokens, V vocabulary.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.likelihood import (
    pick_targets,
    rag_sequence_logprob,
    rag_sequence_smoothed_nll_from_sums,
    rag_token_logprob,
    rag_token_smoothed_nll,
)
from minirag.model.output_layer import CHUNK, read_in_chunks, token_logprobs
from minirag.rag.scoring import IGNORED

Chunks = Callable[[Callable[[Tensor, slice], Tensor]], list[Tensor]]  # read_in_chunks, given its states and weights

LOGPROB = {"token": rag_token_logprob, "sequence": rag_sequence_logprob}


def marginal_nll(
    variant: str,
    output_layer: tuple[Float[Tensor, "V D"], Float[Tensor, " V"]],
    states: Float[Tensor, "B K T D"],
    doc_logprobs: Float[Tensor, "B K"],
    targets: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    epsilon: float = 0.0,
    chunk: int = CHUNK,
) -> Float[Tensor, " B"]:
    """−log p(y|x) of each question in nats, of RAG-Token or RAG-Sequence (`variant`); `epsilon` smooths the labels.

    chunk: with smoothing, of how many positions all logits are there at a time.
    output_layer: E and b. states: h_t, of which states[:, :, t] predict target t; both from `generator.answer_states`.
    ValueError: another variant.
    """
    if variant not in LOGPROB:
        raise ValueError(f"variant={variant!r} is neither 'token' nor 'sequence'")
    if epsilon == 0.0:
        copies = targets.masked_fill(~mask, IGNORED)[:, None].expand(states.shape[:-1])  # (B, K, T)
        return -LOGPROB[variant](doc_logprobs, token_logprobs(states, *output_layer, copies), mask)
    chunks = partial(read_in_chunks, states, *output_layer, chunk=chunk)
    if variant == "token":
        return smoothed_token_nll(chunks, doc_logprobs, targets, mask, epsilon)
    return smoothed_sequence_nll(chunks, len(output_layer[0]), doc_logprobs, targets, mask, epsilon)


def smoothed_token_nll(
    chunks: Chunks,
    doc_logprobs: Float[Tensor, "B K"],
    targets: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    epsilon: float,
) -> Float[Tensor, " B"]:
    """Σ over chunks of `rag_token_smoothed_nll`: each position adds its own share."""

    def nll(logprobs: Float[Tensor, "B K t V"], part: slice) -> Float[Tensor, " B"]:
        return rag_token_smoothed_nll(doc_logprobs, logprobs, targets[:, part], mask[:, part], epsilon)

    return torch.stack(chunks(nll)).sum(dim=0)


def smoothed_sequence_nll(
    chunks: Chunks,
    vocab_size: int,
    doc_logprobs: Float[Tensor, "B K"],
    targets: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    epsilon: float,
) -> Float[Tensor, " B"]:
    """`rag_sequence_smoothed_nll` from log p(y_t|…) and Σ_v log p(v|…) of every passage and position."""

    def cells(logprobs: Float[Tensor, "B K t V"], part: slice) -> Float[Tensor, "2 B K t"]:
        return torch.stack([pick_targets(logprobs, targets[:, part]), logprobs.sum(dim=-1)])

    target_logprobs, sums = torch.cat(chunks(cells), dim=-1)
    return rag_sequence_smoothed_nll_from_sums(doc_logprobs, target_logprobs, sums, vocab_size, mask, epsilon)
