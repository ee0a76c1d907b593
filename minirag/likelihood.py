"""How likely is an answer? The two marginalisations of the RAG paper.

Paper     Lewis et al. 2020, §2.1 (RAG-Sequence, RAG-Token), §2.2 (prior), §2.5 (next-token mixture), Fig. 2 (posterior)
Tutorial  tutorials/11_likelihood.py
Tests     tests/test_likelihood.py

Both models read the same table, log p(y_t | x, z_k, y_<t): one row per passage z_k, one column per answer token y_t.
RAG-Sequence adds up each row, then mixes the rows. RAG-Token mixes each column, then adds up the columns.

Axes: B questions, K passages, T answer tokens, V vocabulary, W beams. Log-probabilities are in nats. Two kinds of cells
are not real: those of a padded token (mask False) and of a missing passage (doc_logprobs −inf). Whatever such a cell
holds, NaN included, neither a result nor a gradient depends on it.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

NEVER = float("-inf")  # log 0: the log-probability of a passage that is not there


# --- the two factors


def doc_logprobs(doc_scores: Float[Tensor, "B K"], mask: Bool[Tensor, "B K"] | None = None) -> Float[Tensor, "B K"]:
    """log p(z|x) = d(z)ᵀq(x) − log Σ_z' exp d(z')ᵀq(x): the prior over the retrieved passages (RAG §2.2).

    `mask` is False where a question has fewer than K passages: those get −inf. The result is float32 even for bfloat16
    scores (near 75 bfloat16 counts in halves; transformers normalises in the model's dtype), and float64 stays float64.
    ValueError where a question has no passage at all.
    """
    scores = doc_scores.to(torch.promote_types(doc_scores.dtype, torch.float32))
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    if not mask.any(dim=1).all():
        raise ValueError(f"question {int(mask.any(dim=1).int().argmin())} of the batch has no passage")
    return scores.masked_fill(~mask, NEVER).log_softmax(dim=1)


def gather_token_logprobs(logits: Float[Tensor, "B K T V"], targets: Int[Tensor, "B T"]) -> Float[Tensor, "B K T"]:
    """log p(y_t|x,z,y_<t): the table both models read, from the generator's logits. float32 or wider.

    A negative target (−100, "ignore this one") reads column 0: mask it.
    """
    next_logprobs = logits.log_softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))
    return pick_targets(next_logprobs, targets)


def pick_targets(next_logprobs: Float[Tensor, "B K T V"], targets: Int[Tensor, "B T"]) -> Float[Tensor, "B K T"]:
    """table[b, k, t] = next_logprobs[b, k, t, y_t]: of all the next tokens, the one that the answer has."""
    index = targets.clamp(min=0)[:, None, :, None].expand(-1, next_logprobs.shape[1], -1, 1)  # (B, K, T, 1)
    return next_logprobs.gather(dim=-1, index=index).squeeze(-1)


# --- the two likelihoods


def rag_sequence_logprob(
    doc_logprobs: Float[Tensor, "B K"],
    token_logprobs: Float[Tensor, "B K T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, " B"]:
    """log Σ_z p(z|x) Π_t p(y_t|x,z,y_<t): one passage explains the whole answer (RAG §2.1)."""
    answer_logprobs = real_cells(doc_logprobs, token_logprobs, mask).sum(dim=-1)  # (B, K)
    return (doc_logprobs + answer_logprobs).logsumexp(dim=1)


def rag_token_logprob(
    doc_logprobs: Float[Tensor, "B K"],
    token_logprobs: Float[Tensor, "B K T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, " B"]:
    """log Π_t Σ_z p(z|x) p(y_t|x,z,y_<t): each token may come from another passage (RAG §2.1)."""
    cells = real_cells(doc_logprobs, token_logprobs, mask)
    mixed_logprobs = (doc_logprobs[:, :, None] + cells).logsumexp(dim=1)  # (B, T)
    return mixed_logprobs.masked_fill(~mask, 0.0).sum(dim=1)


def next_token_mixture(
    doc_logprobs: Float[Tensor, "B K"], next_logprobs: Float[Tensor, "B K W V"]
) -> Float[Tensor, "B W V"]:
    """log p′(v|x,y_<t) = log Σ_z p(z|x) p(v|x,z,y_<t): what RAG-Token decodes from (RAG §2.5).

    W counts prefixes of one question: its beams while decoding, its positions t when an answer is given.
    """
    missing = (doc_logprobs == NEVER)[:, :, None, None]
    if missing.any():  # else no copy of the widest tensor there is
        next_logprobs = next_logprobs.masked_fill(missing, 0.0)
    return (doc_logprobs[:, :, None, None] + next_logprobs).logsumexp(dim=1)


def real_cells(
    doc_logprobs: Float[Tensor, "B K"],
    token_logprobs: Float[Tensor, "B K T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B K T"]:
    """log 1 = 0 in every cell of a padded token or a missing passage: it says nothing, and passes no gradient back."""
    real = (doc_logprobs > NEVER)[:, :, None] & mask[:, None, :]  # (B, K, T)
    return token_logprobs.masked_fill(~real, 0.0)


# --- which passage was it? (Fig. 2)


def passage_posterior(
    doc_logprobs: Float[Tensor, "B K"],
    token_logprobs: Float[Tensor, "B K T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B K"]:
    """p(z|x,y) ∝ p(z|x) Π_t p(y_t|x,z,y_<t): how much each passage counted in a RAG-Sequence answer."""
    answer_logprobs = real_cells(doc_logprobs, token_logprobs, mask).sum(dim=-1)  # (B, K)
    return (doc_logprobs + answer_logprobs).softmax(dim=1)


def rag_sequence_posterior(
    doc_logprobs: Float[Tensor, "B K"],
    token_logprobs: Float[Tensor, "B K T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B K T"]:
    """p(z|x,y_≤t) ∝ p(z|x) Π_{s≤t} p(y_s|x,z,y_<s): the belief after each token, at last `passage_posterior`."""
    prefix_logprobs = real_cells(doc_logprobs, token_logprobs, mask).cumsum(dim=-1)  # (B, K, T)
    return (doc_logprobs[:, :, None] + prefix_logprobs).softmax(dim=1)


def rag_token_posterior(
    doc_logprobs: Float[Tensor, "B K"],
    token_logprobs: Float[Tensor, "B K T"],
    mask: Bool[Tensor, "B T"],
) -> Float[Tensor, "B K T"]:
    """p(z_t|x,y_≤t) ∝ p(z_t|x) p(y_t|x,z_t,y_<t): which passage gave this token (RAG Fig. 2). The prior where padded.

    In RAG-Token every token draws its own passage z_t afresh, so earlier tokens tell nothing about it.
    """
    cells = real_cells(doc_logprobs, token_logprobs, mask)
    return (doc_logprobs[:, :, None] + cells).softmax(dim=1)


def mean_token_posterior(token_posterior: Float[Tensor, "B K T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B K"]:
    """1/T Σ_t p(z_t=z|x,y_≤t): the share of a RAG-Token answer's tokens that passage z is expected to have given."""
    return token_posterior.masked_fill(~mask[:, None, :], 0.0).sum(dim=2) / mask.sum(dim=1, keepdim=True)


# --- label smoothing


def rag_token_smoothed_nll(
    doc_logprobs: Float[Tensor, "B K"],
    next_logprobs: Float[Tensor, "B K T V"],
    targets: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    epsilon: float,
) -> Float[Tensor, " B"]:
    """(1−ε) Σ_t −log p′(y_t) + ε/V Σ_t Σ_v −log p′(v): a share ε of each target spread evenly over the vocabulary.

    p′ is the next-token mixture. The definition is that of transformers' `RagTokenForGeneration.get_nll`.
    """
    mixed = next_token_mixture(doc_logprobs, next_logprobs)  # (B, T, V)
    target_logprobs = pick_targets(mixed[:, None], targets)[:, 0]  # (B, T)
    smoothed = (1.0 - epsilon) * target_logprobs + epsilon * mixed.mean(dim=-1)
    return -smoothed.masked_fill(~mask, 0.0).sum(dim=1)


def rag_sequence_smoothed_nll(
    doc_logprobs: Float[Tensor, "B K"],
    next_logprobs: Float[Tensor, "B K T V"],
    targets: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    epsilon: float,
) -> Float[Tensor, " B"]:
    """(1−ε) · −log p(y|x) + ε/V · −log Σ_z exp Σ_v [log p(z|x) + Σ_t log p(v|x,z,y_<t)], p(y|x) of RAG-Sequence.

    The definition is that of transformers' `RagSequenceForGeneration.get_nll`: there, too, the prior is counted once
    for every entry v of the vocabulary.
    """
    target_logprobs, sums = pick_targets(next_logprobs, targets), next_logprobs.sum(dim=-1)
    return rag_sequence_smoothed_nll_from_sums(
        doc_logprobs, target_logprobs, sums, next_logprobs.shape[-1], mask, epsilon
    )


def rag_sequence_smoothed_nll_from_sums(
    doc_logprobs: Float[Tensor, "B K"],
    token_logprobs: Float[Tensor, "B K T"],
    vocabulary_sums: Float[Tensor, "B K T"],
    vocab_size: int,
    mask: Bool[Tensor, "B T"],
    epsilon: float,
) -> Float[Tensor, " B"]:
    """The same from vocabulary_sums = Σ_v log p(v|x,z,y_<t): all that smoothing asks of the other V − 1 tokens."""
    nll = -rag_sequence_logprob(doc_logprobs, token_logprobs, mask)
    cells = real_cells(doc_logprobs, vocabulary_sums, mask)
    evenly = (vocab_size * doc_logprobs + cells.sum(dim=-1)).logsumexp(dim=1)  # (B,)
    return (1.0 - epsilon) * nll - epsilon / vocab_size * evenly
