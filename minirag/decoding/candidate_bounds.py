"""Which candidates can still win, when not every one was scored under every passage? Bounds on p(y|x) = Σ_z p(z|x) p(y|x,z).

Paper     RAG §2.1 (RAG-Sequence), §2.5 (thorough decoding)
Tutorial  tutorials/15_rag_sequence_decoding.py
Tests     tests/decoding/test_candidate_bounds.py

Each term of the sum lies between two numbers. Where y was scored under z it is known. Where it was not, it is at least 0,
and at most p(z|x) times the smaller of two probabilities:

    of the tokens of y that were read so far, for each further one multiplies it by a number that is at most 1;
    of all that z does not say otherwise: answers exclude one another, so what z's scored answers have is gone for y.

If z's own beams have 0.95 of its probability, every other answer together has 0.05 of it, unseen. A candidate that is
worse at its best than n others at their worst is not among the n best, whatever the rest of its tokens would say: it need
not be read any further. The n best and their scores are exact.

Axes: K passages, C distinct candidates of one question. Everything is float64.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minirag.likelihood import NEVER


def lower_bound(
    prior: Float[Tensor, " K"], logprobs: Float[Tensor, "C K"], whole: Bool[Tensor, "C K"]
) -> Float[Tensor, " C"]:
    """log Σ_{z: y was scored under z} p(z|x) p(y|x,z). `logprobs`: of the tokens read so far, all of them where `whole`."""
    return (prior + logprobs.masked_fill(~whole, NEVER)).logsumexp(dim=1)


def upper_bound(
    prior: Float[Tensor, " K"], logprobs: Float[Tensor, "C K"], whole: Bool[Tensor, "C K"], slack: float
) -> Float[Tensor, " C"]:
    """log Σ_z p(z|x) · (p(y|x,z) where that is known, else min(p(y_≤t|x,z), 1 − Σ_{y' scored under z} p(y'|x,z)))."""
    said = logprobs.exp().masked_fill(~whole, 0.0).sum(dim=0)  # (K,)
    left = ((1.0 - said).clamp(min=0.0) + slack).log()
    return (prior + torch.where(whole, logprobs, torch.minimum(logprobs, left))).logsumexp(dim=1)


def may_win(
    prior: Float[Tensor, " K"],
    logprobs: Float[Tensor, "C K"],
    whole: Bool[Tensor, "C K"],
    limit: int,
    slack: float,
) -> Bool[Tensor, " C"]:
    """False: `limit` others are better, by more than `slack` nats, which is for what rounding may have done."""
    if len(logprobs) <= limit:
        return torch.ones(len(logprobs), dtype=torch.bool, device=logprobs.device)
    threshold = lower_bound(prior, logprobs, whole).topk(limit).values[-1]
    return ~(upper_bound(prior, logprobs, whole, slack) < threshold - slack)
