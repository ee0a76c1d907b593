"""What does a RAG training look like from outside? How sure the retriever is, how much the answer changes its mind, collapse.

Paper     RAG §2.2 (prior), Fig. 2 (posterior), appendix H (retrieval collapse)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_measures.py

Pure functions of what was retrieved and how likely it is. Axes: B questions, K passages. All entropies are in nats.
"""

import math
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor


def prior_entropy(doc_logprobs: Float[Tensor, "B K"]) -> Float[Tensor, " B"]:
    """−Σ_z p(z|x) log p(z|x): 0 where one passage has all the probability, log K where all are alike."""
    prior = doc_logprobs.exp()
    return (prior * -doc_logprobs.masked_fill(prior == 0, 0.0)).sum(dim=1)


def posterior_kl(posterior: Float[Tensor, "B K"], doc_logprobs: Float[Tensor, "B K"]) -> Float[Tensor, " B"]:
    """KL(posterior ‖ prior) = Σ_z p(z|x,y) log(p(z|x,y) / p(z|x)): what the answer tells about the passages.

    0: the retriever has nothing more to learn from this question. A passage of posterior 0 adds nothing; one that is not
    there has prior 0, and so has its posterior.
    """
    there = posterior > 0
    surprise = posterior.masked_fill(~there, 1.0).log() - doc_logprobs.masked_fill(~there, 0.0)
    return (posterior * surprise).sum(dim=1).clamp(min=0.0)  # rounding may go a little below


def distinct_passages(retrieved: Sequence[Sequence[str]]) -> float:
    """|{z retrieved}| / Σ_x K_x over the ids that each question retrieved: 1 where no two questions share a passage.

    1/B where all B questions get the same ones: the retriever has collapsed.
    """
    ids = [passage_id for those in retrieved for passage_id in those]
    if not ids:
        raise ValueError("no passage was retrieved")
    return len(set(ids)) / len(ids)


def uniform_nll_per_token(vocab_size: int) -> float:
    """log V: what a generator that knows nothing (all tokens alike) has at step 0, whatever the passages."""
    return math.log(vocab_size)
