"""Is an answer right, and was the passage that says so found?

Paper     RAG §3.1 (exact match); Rajpurkar et al. 2016 (SQuAD: normalisation and token F1); DPR §5 (top-k accuracy)
Tutorial  tutorials/18_evaluation_and_ablations.py
Tests     tests/evaluation/test_metrics.py

Each metric judges one question. Averaging is the caller's business.
"""

import re
import string
from collections import Counter
from collections.abc import Collection, Sequence

ARTICLES = re.compile(r"\b(a|an|the)\b")
WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower case, no ASCII punctuation, no English articles, single spaces: SQuAD's rule, in SQuAD's order."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(WITHOUT_PUNCTUATION)).split())


def exact_match(prediction: str, references: Collection[str]) -> bool:
    """Does the normalised prediction equal one of the normalised references?"""
    return normalize_answer(prediction) in {normalize_answer(reference) for reference in references}


def f1(prediction: str, references: Collection[str]) -> float:
    """max over references of 2PR / (P + R), over bags of normalised words. 0 where there are no references."""
    return max((f1_of_pair(prediction, reference) for reference in references), default=0.0)


def f1_of_pair(prediction: str, reference: str) -> float:
    """2·shared / (words predicted + words expected), which is 2PR / (P + R). Two empty answers agree."""
    predicted, expected = normalize_answer(prediction).split(), normalize_answer(reference).split()
    if not predicted or not expected:
        return float(predicted == expected)
    shared = (Counter(predicted) & Counter(expected)).total()
    return 2 * shared / (len(predicted) + len(expected))


def recall_at_k(ranked_ids: Sequence[str], gold_ids: Collection[str], k: int) -> bool:
    """Is one of the gold passages among the first k retrieved? DPR calls the mean of this top-k accuracy."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    return any(passage_id in gold_ids for passage_id in ranked_ids[:k])
