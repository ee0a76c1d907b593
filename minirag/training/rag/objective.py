"""How wrong is the model about an answer that nobody has marked a passage for? −log p(y|x), by either likelihood.

Paper     RAG §2.4 (minimise Σ_j −log p(y_j|x_j)), §2.1 (both likelihoods)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_objective.py

The gradient with respect to a passage's score is prior − posterior: a step down moves a passage that explained the answer
better than the others closer to the question. It is the loss of RagTokenForGeneration and RagSequenceForGeneration, read
through the chunked output layer (rag/marginal_nll.py).

Axes: B questions, K passages, T answer tokens, the first of them the start token, which is not scored.
"""

from collections.abc import Sequence

from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.configuration import BartConfig
from minirag.outputs import Batch
from minirag.rag import RagModel
from minirag.rag.marginal_nll import marginal_nll
from minirag.rag.sources import Sources
from minirag.text.batching import pad_ids
from minirag.text.tokenizers import Tokenizer
from minirag.training.bart.examples import answer_text

LIKELIHOODS = ("token", "sequence", "both")  # "both" takes turns


def likelihood_at(step: int, likelihood: str) -> str:
    """ "both" takes turns: one set of weights then serves both models."""
    if likelihood not in LIKELIHOODS:
        raise ValueError(f"likelihood={likelihood!r} is not one of {', '.join(LIKELIHOODS)}")
    return ("token", "sequence")[step % 2] if likelihood == "both" else likelihood


def answer_batch_ids(
    tokenizer: Tokenizer, config: BartConfig, answers: Sequence[str], space: bool = True, max_length: int = 64
) -> Batch:
    """Start token, then y_1 … y_T: ids (B, 1 + T) and mask; at most max_length tokens of an answer, its end included.

    space: the answer as it stands in a passage, behind a space. Byte-level BPE gives `Bern` and ` Bern` different tokens;
    with the space, answering is copying (our own generators are trained so, published BARTs were not).
    A generator whose start token is <s>, which begins every tokenized text, does not write it a second time.
    """
    start = config.decoder_start_token_id
    rows = tokenizer.encode_many([answer_text(answer) if space else answer for answer in answers])
    rows = [row[1:] if row[0] == start else row for row in rows]
    cut = [row if len(row) <= max_length else [*row[: max_length - 1], row[-1]] for row in rows]
    return pad_ids([[start, *row] for row in cut], config.pad_token_id)


def answer_nll(
    rag: RagModel,
    sources: Sources,
    answers: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    likelihood: str,
    epsilon: float = 0.0,
) -> Float[Tensor, " B"]:
    """−log p(y|x) of each question in nats; with `epsilon`, label-smoothed. Nothing is averaged."""
    states, embeddings = rag.answer_states(sources, answers[:, :-1], mask[:, 1:])  # (B, K, T, D)
    prior, targets, mask = sources.doc_logprobs(), answers[:, 1:].to(rag.device), mask[:, 1:].to(rag.device)
    return marginal_nll(likelihood, (embeddings, rag.generator.logits_bias[0]), states, prior, targets, mask, epsilon)
