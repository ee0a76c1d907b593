"""BM25's passages with its scores, ragged lists included."""

import pytest

from minirag.retrieval.bm25 import search_bm25
from minirag.retrieval.bm25_passages import bm25_passages
from minirag.retrieval.passages import Passage, PassageStore

TEXTS = ["red fox", "red red fish", "blue whale", "green tree", "old stone"]


@pytest.fixture
def store(tmp_path):
    return PassageStore.create(tmp_path / "p.sqlite", [Passage(str(n), "", text) for n, text in enumerate(TEXTS)])


def test_passages_come_with_their_scores_and_shorter_lists_are_filled_with_zeros(store):
    passages, scores = bm25_passages(store, ["red whale", "stone", "zzz"], 3)
    assert [[each.id for each in those] for those in passages] == [
        [str(row) for row, _ in search_bm25(store, question, 3)] for question in ("red whale", "stone", "zzz")
    ]
    assert [len(those) for those in passages] == [3, 1, 0]
    assert scores[0].tolist() == pytest.approx([score for _, score in search_bm25(store, "red whale", 3)])
    assert (scores[1, 1:] == 0).all() and (scores[2] == 0).all()


def test_the_scale_multiplies_the_scores(store):
    questions = ["red", "tree"]
    assert (bm25_passages(store, questions, 2, scale=0.5)[1] * 2 == bm25_passages(store, questions, 2)[1]).all()


def test_questions_that_share_no_word_with_anything_have_no_passages(store):
    passages, scores = bm25_passages(store, ["zzz"], 3)
    assert passages == [[]] and scores.shape == (1, 1)
