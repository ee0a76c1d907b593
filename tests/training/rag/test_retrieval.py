"""Where passages come from in training: what is found, which scores carry a gradient, and what BM25's are."""

import pytest
import torch

from minirag.rag import RagTokenForGeneration
from minirag.retrieval.bm25 import search_bm25
from minirag.training.rag.retrieval import retrieval
from tests.small_rag import small_knowledge_base, small_rag

ASKED = ["Where is Bern?", "What is the capital of Mongolia?"]


@pytest.fixture(scope="module")
def rag(tmp_path_factory):
    base = small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")
    return small_rag(RagTokenForGeneration, base).rag


def test_learned_scores_reach_the_question_encoder_and_frozen_ones_do_not(rag):
    learned, frozen = (retrieval(rag, retriever, 3)(ASKED) for retriever in ("learned", "frozen"))
    assert learned.doc_scores.requires_grad and not frozen.doc_scores.requires_grad
    torch.testing.assert_close(learned.doc_scores, frozen.doc_scores)
    assert learned.passages == frozen.passages


def test_scores_are_not_rounded_under_autocast(rag):
    retrieve = retrieval(rag, "frozen", 3)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = retrieve(ASKED).doc_scores
    assert torch.equal(rounded, retrieve(ASKED).doc_scores)


def test_the_scores_of_bm25_are_the_logits_of_the_prior(rag):
    store = rag.retriever.knowledge_base.store
    for scale in (1.0, 0.25):
        sources = retrieval(rag, "bm25", 3, scale)(ASKED)
        for b, question in enumerate(ASKED):
            ranked = search_bm25(store, question, 3)
            assert [p.id for p in sources.passages[b]] == [store.passage(row).id for row, _ in ranked]
            expected = (scale * torch.tensor([score for _, score in ranked])).softmax(0)
            torch.testing.assert_close(sources.doc_logprobs()[b].exp()[: len(ranked)], expected)
        assert not sources.doc_scores.requires_grad


def test_a_question_that_shares_no_word_with_any_passage_reads_the_empty_one(rag):
    sources = retrieval(rag, "bm25", 3)(["zzz?", "Bern"])
    assert [p.text for p in sources.passages[0]] == [""]
    assert sources.doc_mask.sum(dim=1).tolist() == [1, len(sources.passages[1])]


def test_with_the_book_closed_one_empty_passage_has_all_the_probability(rag):
    sources = retrieval(rag, "closed-book", 3)(ASKED)
    assert sources.doc_scores.shape == (2, 1)
    assert [[p.text for p in those] for those in sources.passages] == [[""], [""]]
    text = rag.tokenizer.generator.decode(sources.context_input_ids[0].tolist())
    assert "Bern" in text and "Mongolia" not in text


def test_other_ways_and_missing_knowledge_bases_are_named(rag):
    with pytest.raises(ValueError, match="retriever='oracle' is not one of learned, frozen, bm25, closed-book"):
        retrieval(rag, "oracle", 3)
    without = small_rag(RagTokenForGeneration).rag
    with pytest.raises(ValueError, match="retriever 'bm25' needs a knowledge base"):
        retrieval(without, "bm25", 3)
