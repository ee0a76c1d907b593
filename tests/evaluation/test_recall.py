"""Retrieval alone: a gold passage is found where the scores put it, by every kind of search."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.evaluation.recall import measure_recall
from minirag.questions.question import Question
from tests.retrieval.small_bases import small_base, unit_vectors


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_base(tmp_path_factory.mktemp("recall") / "kb", count=30, index="hnsw")


def vector_of(question: str) -> torch.Tensor:
    return unit_vectors(1, 8, seed=len(question))


def encode(questions):
    return torch.cat([vector_of(question) for question in questions])


gold_ids = st.lists(st.integers(0, 29).map(lambda row: f"p{row}"), min_size=1, max_size=3).map(tuple)
asked = st.lists(st.tuples(st.text("x", min_size=1, max_size=40), gold_ids), min_size=1, max_size=6)


@given(rows=asked, k=st.integers(1, 40), batch_size=st.integers(1, 4))
def test_exact_recall_is_what_sorting_all_scores_gives(base, rows, k, batch_size):
    questions = [Question(text, ("",), gold) for text, gold in rows]
    ranked = [(base.vectors.float() @ vector_of(q.question)[0]).argsort(descending=True).tolist() for q in questions]
    hits = [any(f"p{row}" in q.gold for row in order[:k]) for q, order in zip(questions, ranked, strict=True)]
    report = measure_recall(base, questions, "exact", encode, [k, 30], batch_size)
    assert report.top == {k: sum(hits) / len(hits), 30: 1.0}
    assert (report.index, report.passages, report.n, report.dtype) == ("exact", 30, len(rows), "float16")
    assert measure_recall(base, questions, "hnsw", encode, [30]).top == {30: 1.0}


def test_bm25_needs_no_encoder_and_finds_the_words_of_the_question(base):
    questions = [Question("passage number 7", ("",), ("p7",)), Question("number 12?", ("",), ("p12", "p3"))]
    assert measure_recall(base, questions, "bm25", ks=(1, 5)).top == {1: 1.0, 5: 1.0}
    report = measure_recall(base, [Question("zebra", ("",), ("p7",))], "bm25")
    assert report.top[100] == 0.0 and report.dtype is None


def test_questions_without_a_gold_passage_are_left_out(base):
    questions = [Question("number 7", ("",), ("p7",)), Question("number 8", ("",))]
    assert measure_recall(base, questions, "bm25", ks=[1]).n == 1


@pytest.mark.parametrize(
    ("gold", "index", "encoder", "ks", "fault"),
    [
        ((), "bm25", None, [1], "no question names a gold passage"),
        (("p7", "p99"), "bm25", None, [1], "no passage with id 'p99'"),
        (("p7",), "bm25", None, [0, 1], "k must be at least 1, not 0"),
        (("p7",), "bm25", None, [], "k must be at least 1"),
        (("p7",), "exact", None, [1], "index 'exact' needs an encoder of questions"),
        (("p7",), "faiss", None, [1], "index='faiss' is not one of exact, hnsw, bm25, hybrid"),
    ],
)
def test_what_cannot_be_measured_is_named(base, gold, index, encoder, ks, fault):
    with pytest.raises(ValueError, match=fault):
        measure_recall(base, [Question("number 7", ("",), gold)], index, encoder, ks)


def test_a_batch_holds_a_question_at_least(base):
    with pytest.raises(ValueError, match="batch_size=0 must be at least 1"):
        measure_recall(base, [Question("number 7", ("",), ("p7",))], "bm25", batch_size=0)


def test_a_graph_is_not_made_up(tmp_path):
    exact = small_base(tmp_path / "kb", count=3)
    with pytest.raises(ValueError, match=r"kb: has no hnsw index \(it was made with index 'exact'\)"):
        measure_recall(exact, [Question("x", ("",), ("p1",))], "hnsw", encode)
