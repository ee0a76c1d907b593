"""Is an answer right, and was the passage that says so found?

Paper     RAG §3.1 (exact match); Rajpurkar et al. 2016 (SQuAD: normalisation and token F1); DPR §5 (top-k accuracy);
          Petroni et al. 2021 (KILT: R-precision over titles)
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


def rank_of_gold(ranked_ids: Sequence[str], gold_ids: Collection[str]) -> int | None:
    """Where the first gold passage stands, from 1; None where none was retrieved."""
    return next((rank for rank, passage_id in enumerate(ranked_ids, start=1) if passage_id in gold_ids), None)


def reciprocal_rank(rank: int | None) -> float:
    """1 / rank, and 0 where nothing was found. Its mean over the questions is MRR."""
    return 0.0 if rank is None else 1 / rank


def holds_answer(text: str, references: Collection[str]) -> bool:
    """Do the normalised words of a reference stand in the normalised text, one after the other? "10" is not in "1066".

    A reference of which normalisation leaves nothing ("The") stands nowhere.
    """
    told = f" {normalize_answer(text)} "
    return any(f" {answer} " in told for answer in map(normalize_answer, references) if answer)


def rank_of_answer(ranked_texts: Sequence[str], references: Collection[str]) -> int | None:
    """Where the first passage stands that holds an answer, whether or not somebody called it gold. From 1, or None."""
    return next((rank for rank, text in enumerate(ranked_texts, start=1) if holds_answer(text, references)), None)


def r_precision(ranked_titles: Sequence[str], gold_titles: Collection[str]) -> float:
    """Share of the first R retrieved titles that are gold, R the number of gold titles; a title counts once (KILT)."""
    gold = set(gold_titles)
    if not gold:
        raise ValueError("there is no gold title: R is 0")
    return len(gold & set(list(dict.fromkeys(ranked_titles))[: len(gold)])) / len(gold)
