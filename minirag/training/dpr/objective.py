"""What does a retriever learn from? Its own passage against all others of the batch: every one that is no answer is wrong.

Paper     Karpukhin et al. 2020 (DPR), §3.2 (in-batch negatives), eq. 2
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_objective.py
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy


def dpr_loss(
    question_vectors: Float[Tensor, "B D"],
    passage_vectors: Float[Tensor, "N D"],
    gold: Int[Tensor, " B"] | None = None,
    candidates: Bool[Tensor, "B N"] | None = None,
) -> Float[Tensor, ""]:
    """−log exp(q_i·p_g(i)) / Σ_{j in C(i)} exp(q_i·p_j), mean over i, in nats (DPR eq. 2).

    gold: g(i), the passage that answers question i; i itself unless given. candidates: C(i), which must hold g(i); all N
    unless given.
    """
    scores = question_vectors.float() @ passage_vectors.float().mT  # (B, N)
    if candidates is not None:
        scores = scores.masked_fill(~candidates, float("-inf"))
    own = torch.arange(scores.shape[0], device=scores.device) if gold is None else gold
    return cross_entropy(scores, own)
