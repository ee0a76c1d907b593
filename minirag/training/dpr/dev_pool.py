"""Does it learn? Dev questions against a pool of passages that is encoded anew at every measurement.

Paper     DPR §5, table 2 (over the whole base: `minirag recall`); here over a part of it, which is quicker and easier
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_dev_pool.py
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minirag.questions.question import Question
from minirag.retrieval.passages import Passage, PassageStore
from minirag.training.dpr.batches import Lookup


@dataclass(frozen=True)
class DevPool:
    """golds[i, j]: does passage j answer question i?"""

    questions: list[str]
    passages: list[Passage]
    golds: Bool[Tensor, "B N"]


def dev_pool(
    questions: Sequence[Question], lookup: Lookup, store: PassageStore | None, size: int, most: int, seed: int = 0
) -> DevPool:
    """At most `most` of the questions, their golds and negatives, and passages of the base up to `size`; all drawn by seed."""
    rng = Random(f"dev {seed}")
    rows = [question for question in questions if question.gold or question.positives]
    asked = rng.sample(rows, min(most, len(rows)))
    golds = [[*lookup(question.gold), *question.positives] for question in asked]
    pool = [passage for row in golds for passage in row]
    pool += [p for q in asked for p in (*lookup(q.negative_ids), *q.negatives)]
    if store is not None and len(pool) < size:
        pool += store.get(rng.sample(range(len(store)), min(size, len(store))))
    passages = list({passage.text: passage for passage in pool}.values())
    needed = len({passage.text for row in golds for passage in row})
    passages = sorted(passages[: max(size, needed)], key=lambda passage: len(passage.text))
    place = {passage.text: j for j, passage in enumerate(passages)}
    marks = torch.zeros(len(asked), len(passages), dtype=torch.bool)
    for i, row in enumerate(golds):
        marks[i, [place[passage.text] for passage in row]] = True
    return DevPool([question.question for question in asked], passages, marks)


def retrieval_measures(
    question_vectors: Float[Tensor, "B D"], passage_vectors: Float[Tensor, "N D"], golds: Bool[Tensor, "B N"]
) -> dict[str, float]:
    """recall_at_k: is a gold passage among the k best? nll = −log Σ_{z is gold} p(z|x), mean over questions, in nats."""
    scores = question_vectors.float() @ passage_vectors.float().mT  # (B, N)
    best = scores.masked_fill(~golds, float("-inf")).amax(dim=1, keepdim=True)
    ahead = ((scores > best) | ((scores == best) & ~golds)).sum(dim=1)  # a tie counts against it
    logprobs = scores.log_softmax(dim=1).masked_fill(~golds, float("-inf")).logsumexp(dim=1)
    measured = {f"recall_at_{k}": (ahead < k).float().mean().item() for k in (1, 5, 20)}
    return {**measured, "nll": -logprobs.mean().item()}
