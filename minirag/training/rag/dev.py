"""How far has a RAG training come? Questions that are not trained on: likelihood, answers, and what the retriever does.

Paper     RAG §3.1 (exact match), §2.4 (−log p(y|x)), appendix H (collapse)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/rag/test_dev.py

Every passage is read once; likelihood, posterior and decoded answer come from the same encoder states.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from minirag.evaluation.metrics import exact_match, f1, recall_at_k
from minirag.questions.question import Question
from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.rag.marginal_nll import LOGPROB
from minirag.training.rag.measures import distinct_passages, posterior_kl, prior_entropy, uniform_nll_per_token
from minirag.training.rag.objective import answer_batch_ids
from minirag.training.rag.retrieval import Retrieve

RagForGeneration = RagTokenForGeneration | RagSequenceForGeneration
RECALLS = (1, 5)
READ_TOGETHER = 16  # questions


@dataclass(frozen=True)
class Measured:
    """One question: −log p(y|x) of its first answer in nats over `tokens` tokens, and whether the decoded one is right."""

    nll: float
    tokens: int
    exact_match: bool
    f1: float
    entropy: float
    kl: float
    passages: tuple[str, ...]
    gold: tuple[str, ...]


def measure(
    model: RagForGeneration, retrieve: Retrieve, questions: Sequence[Question], space: bool = True, num_beams: int = 1
) -> dict[str, float]:
    """Means over the questions, under the names that every training uses; of retrieval only where passages are retrieved.

    uniform_…: what a generator that knows nothing has, which is what to expect at step 0 from random weights.
    recall_at_k: over the questions that name a gold passage, where at least k passages are retrieved.
    """
    options = model.search_options({"num_beams": num_beams})
    rows = [
        row
        for start in range(0, len(questions), READ_TOGETHER)
        for row in measured(model, retrieve, questions[start : start + READ_TOGETHER], space, options)
    ]
    tokens = sum(row.tokens for row in rows)
    uniform = uniform_nll_per_token(model.config.generator.vocab_size)
    answers = {
        "nll_per_token": sum(row.nll for row in rows) / tokens,
        "nll_per_answer": mean([row.nll for row in rows]),
        "uniform_nll_per_token": uniform,
        "uniform_nll_per_answer": uniform * tokens / len(rows),
        "exact_match": mean([row.exact_match for row in rows]),
        "f1": mean([row.f1 for row in rows]),
    }
    return answers | retrieval_measures(rows)


@torch.no_grad()
def measured(
    model: RagForGeneration, retrieve: Retrieve, questions: Sequence[Question], space: bool, options: Any
) -> list[Measured]:
    """A batch of them."""
    rag, tokenizer = model.rag, model.rag.needed_tokenizer().generator
    sources = retrieve([question.question for question in questions])
    encoded, prior = rag.encode(sources), sources.doc_logprobs()
    first = [question.answers[0] for question in questions]
    answers = answer_batch_ids(tokenizer, rag.generator.config, first, space)
    mask = answers.attention_mask[:, 1:].to(rag.device)
    table = rag.token_logprobs(sources, encoded, answers.input_ids)  # (B, K, T)
    nll = -LOGPROB[model.variant](prior, table, mask)
    entropy = prior_entropy(prior)
    kl = posterior_kl(model.posteriors(prior, table, mask)[0], prior)
    written = [
        tokenizer.decode(those[0].tokens).strip() for those in model.search(sources, encoded, options, "thorough")
    ]
    found = [tuple(passage.id for passage in those) for those in sources.passages or []]
    return [
        Measured(
            nll=nll[b].item(),
            tokens=int(mask[b].sum()),
            exact_match=exact_match(written[b], question.answers),
            f1=f1(written[b], question.answers),
            entropy=entropy[b].item(),
            kl=kl[b].item(),
            passages=found[b],
            gold=question.gold,
        )
        for b, question in enumerate(questions)
    ]


def retrieval_measures(rows: Sequence[Measured]) -> dict[str, float]:
    """What the retriever did. Nothing where the book was closed: every question read the one empty passage."""
    if not any(any(row.passages) for row in rows):
        return {}
    measures = {
        "prior_entropy": mean([row.entropy for row in rows]),
        "posterior_kl": mean([row.kl for row in rows]),
        "distinct_passages": distinct_passages([row.passages for row in rows]),
    }
    known = [row for row in rows if row.gold]
    wanted = [k for k in RECALLS if known and all(len(row.passages) >= k for row in known)]
    return {f"recall_at_{k}": mean([recall_at_k(r.passages, r.gold, k) for r in known]) for k in wanted} | measures


def mean(values: Sequence[float] | Sequence[bool]) -> float:
    return sum(values) / len(values)
