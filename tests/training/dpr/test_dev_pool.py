"""The dev measurement: ranks as a search would give them, on a pool that holds every gold passage."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.evaluation.metrics import recall_at_k
from minirag.retrieval.passages import PassageStore
from minirag.training.dpr.dev_pool import dev_pool, retrieval_measures
from tests.training.dpr.small_questions import PASSAGES, QUESTIONS, lookup


@given(st.integers(1, 4), st.integers(2, 8), st.integers(0, 99))
def test_the_measures_are_those_of_a_full_ranking_and_the_probability_of_all_gold_passages(questions, passages, seed):
    generator = torch.Generator().manual_seed(seed)
    q, p = torch.randn(questions, 3, generator=generator), torch.randn(passages, 3, generator=generator)
    golds = torch.rand(questions, passages, generator=generator) < 0.4
    golds[:, 0] = True
    measured = retrieval_measures(q, p, golds)
    ranked = [[str(j) for j in row] for row in (q @ p.mT).argsort(dim=1, descending=True).tolist()]
    gold_ids = [{str(j) for j in range(passages) if golds[i, j]} for i in range(questions)]
    for k in (1, 5, 20):
        expected = sum(recall_at_k(ids, gold, k) for ids, gold in zip(ranked, gold_ids, strict=True)) / questions
        assert math.isclose(measured[f"recall_at_{k}"], expected, abs_tol=1e-6)
    by_hand = -torch.stack([(q[i] @ p.mT).softmax(0)[golds[i]].sum().log() for i in range(questions)]).mean().item()
    assert math.isclose(measured["nll"], by_hand, abs_tol=1e-4)


def test_a_tie_with_a_wrong_passage_counts_against_the_gold_passage():
    golds = torch.tensor([[True, False]])
    assert retrieval_measures(torch.ones(1, 2), torch.ones(2, 2), golds)["recall_at_1"] == 0


@pytest.mark.parametrize("size", [1, 4, 100])
def test_the_pool_holds_every_gold_passage_then_negatives_then_others_each_text_once(tmp_path, size):
    store = PassageStore.create(tmp_path / "passages.sqlite", PASSAGES)
    pool = dev_pool(QUESTIONS, lookup, store, size, 10)
    texts = [passage.text for passage in pool.passages]
    assert len(set(texts)) == len(texts) == min(max(size, 3), 5)
    for question, row in zip(pool.questions, pool.golds, strict=True):
        gold = next(q for q in QUESTIONS if q.question == question).gold
        assert [texts[j] for j in row.nonzero().flatten()] == [passage.text for passage in lookup(gold)]


def test_no_more_questions_than_asked_for_are_drawn_by_the_seed():
    pool = dev_pool(QUESTIONS, lookup, None, 10, 2, seed=3)
    assert len(pool.questions) == 2 and pool.questions == dev_pool(QUESTIONS, lookup, None, 10, 2, seed=3).questions
