"""Which test holds which identity of RAG? Nine of them, for the likelihood and for decoding; this table names the tests.

1. The NLL is what trying everything gives: one-token answers, one passage and ragged padding included.
     test_likelihood.py::test_the_likelihood_is_the_sum_over_passages_that_the_paper_writes
     decoding/test_rag_token.py::test_the_probability_of_a_hypothesis_is_the_rag_token_likelihood_of_its_tokens
     decoding/test_rag_identities.py::test_a_reported_score_is_the_log_likelihood_of_the_answer_in_fast_decoding_no_more
2. Sequence = Token for one token or one passage; both sum to 1 over all answers.
     test_likelihood.py::test_sequence_and_token_are_equal_for_one_token_or_one_passage
     test_likelihood.py::test_the_probabilities_of_all_answers_of_a_tiny_vocabulary_sum_to_1
     rag/test_scoring.py::test_sequence_and_token_agree_where_the_paper_says_they_do
     decoding/test_rag_identities.py::test_with_one_passage_or_one_token_rag_token_and_rag_sequence_find_the_same_answers
     decoding/test_rag_identities.py::test_a_beam_as_wide_as_the_number_of_answers_ranks_them_all_and_their_probabilities_sum_to_1
3. Passages are a set with weights: permuted, split into two that share the prior, or there twice.
     test_likelihood.py::test_the_order_of_passages_does_not_matter
     test_likelihood.py::test_splitting_a_passage_into_two_that_share_its_prior_changes_nothing
     test_likelihood.py::test_a_passage_that_is_there_twice_counts_twice
     decoding/test_rag_identities.py::test_the_order_of_passages_does_not_matter
     decoding/test_rag_identities.py::test_splitting_a_passage_into_two_that_share_its_prior_changes_nothing
     decoding/test_rag_identities.py::test_a_passage_that_is_there_twice_counts_twice
4. RAG-Sequence lies between its worst and its best passage.
     test_likelihood.py::test_rag_sequence_lies_between_its_worst_and_its_best_passage
     decoding/test_rag_identities.py::test_a_thorough_score_lies_between_the_worst_and_the_best_passage
5. The gradient of the scores is posterior − prior, summed over tokens for RAG-Token; its sum over passages is 0.
     test_likelihood.py::test_the_score_gradient_of_rag_sequence_is_posterior_minus_prior
     test_likelihood.py::test_the_score_gradient_of_rag_token_is_the_sum_over_tokens_of_posterior_minus_prior
     decoding/test_rag_identities.py::test_the_score_gradient_of_a_decoded_answer_is_the_sum_over_tokens_of_posterior_minus_prior
     test_answer.py::test_the_posterior_is_what_the_gradient_of_the_loss_says
6. Padding and batches change nothing; cached = uncached.
     test_likelihood.py::test_a_batch_gives_the_same_likelihoods_as_one_by_one_without_padding
     rag/test_scoring.py::test_the_loss_of_a_batch_is_the_loss_one_by_one
     decoding/test_rag_identities.py::test_a_batch_gives_the_same_answers_as_one_by_one_without_padding
     decoding/test_rag_identities.py::test_cached_and_uncached_decoding_give_the_same_answers
     decoding/test_beam_search.py::test_a_batch_gives_the_same_answers_as_one_by_one
     decoding/test_bart_step.py::test_cached_steps_equal_uncached_steps_wherever_the_beams_go
7. A beam as wide as the number of answers finds the best of all; greedy is one beam.
     decoding/test_beam_search.py::test_a_beam_as_wide_as_the_number_of_answers_ranks_them_all
     decoding/test_rag_identities.py::test_a_beam_as_wide_as_the_number_of_answers_ranks_them_all_and_their_probabilities_sum_to_1
     decoding/test_rag_token.py::test_a_beam_as_wide_as_the_number_of_answers_ranks_them_as_brute_force_does
     decoding/test_rag_sequence.py::test_beams_as_wide_as_the_number_of_answers_rank_them_as_brute_force_does
     decoding/test_greedy.py::test_greedy_search_is_beam_search_with_one_beam
     decoding/test_rag_identities.py::test_greedy_rag_token_is_the_beam_search_with_one_beam
8. The thorough score is −NLL; the fast score is no higher.
     decoding/test_rag_identities.py::test_a_reported_score_is_the_log_likelihood_of_the_answer_in_fast_decoding_no_more
     rag/test_scoring.py::test_the_loss_is_minus_the_log_probability_that_decoding_reports
     decoding/test_rag_sequence.py::test_the_thorough_score_is_the_likelihood_of_the_answer_and_the_fast_score_is_no_higher
     decoding/test_rag_sequence.py::test_the_fast_score_leaves_out_the_passages_that_did_not_propose_the_answer
9. The question survives in every generator input, however long the passage.
     text/test_generator_input.py::test_the_question_survives_every_text
     test_identities.py::test_the_question_survives_in_what_the_retriever_hands_over
     test_identities.py::test_the_question_survives_in_passages_given_as_text
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag.rag.sources import text_sources
from minirag.retrieval.passages import Passage
from minirag.retrieval.retriever import RagRetriever
from tests.retrieval.small_bases import small_base
from tests.small_rag import small_config
from tests.small_tokenizers import rag_tokenizer

CONFIG = replace(small_config(), max_combined_length=60)
LONG_TEXT = st.integers(0, 40).map("The capital of Mongolia is Ulaanbaatar. ".__mul__)
ROWS = st.lists(
    st.tuples(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=10), LONG_TEXT),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize(("file", "name"), sorted(set(re.findall(r"^ {5}(\S+)::(\w+)$", __doc__, re.MULTILINE))))
def test_every_test_of_the_table_exists(file, name):
    assert f"\ndef {name}(" in (Path(__file__).parent / file).read_text(encoding="utf-8")


def assert_ends_with_questions(ids, mask, questions: list[str]) -> None:
    tokenizer = rag_tokenizer().generator
    for row, real, question in zip(ids, mask, questions, strict=True):
        assert len(row[real]) <= CONFIG.max_combined_length
        assert tokenizer.decode(row[real].tolist()).endswith(CONFIG.doc_sep + question)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory):
    return RagRetriever(CONFIG, small_base(tmp_path_factory.mktemp("identities") / "kb", 1), rag_tokenizer())


@settings(max_examples=20)
@given(rows=ROWS)
def test_the_question_survives_in_what_the_retriever_hands_over(retriever, rows):
    passages = [[Passage("z", "Title", text)] for _, text in rows]
    questions = [question for question, _ in rows]
    batch = retriever.postprocess_docs(passages, questions)
    assert_ends_with_questions(batch.input_ids, batch.attention_mask, questions)


@settings(max_examples=20)
@given(rows=ROWS, copies=st.integers(1, 3))
def test_the_question_survives_in_passages_given_as_text(rows, copies):
    passages = [[Passage("z", "Title", text)] * copies for _, text in rows]
    questions = [question for question, _ in rows]
    sources = text_sources(rag_tokenizer().generator, CONFIG, questions, passages)
    asked = [question for question in questions for _ in range(copies)]
    assert_ends_with_questions(sources.context_input_ids, sources.context_attention_mask, asked)
