"""generate of both RAG classes against transformers 5.23.0, called in every way that means something.

In RAG-Sequence four things are made equal that differ on purpose: candidates are proposed with the contexts' mask
(deviation 13), no answer begins with bos (deviation 22) and every answer has two scored tokens (deviation 1). max_length is
always said, because there it is never the config's.
"""

import pytest
import torch
from transformers import logging

from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from tests.crosscheck.rag_pairs import BOS, BOTH, EOS, PAD, contexts, pair, questions
from tests.small_rag import small_knowledge_base

logging.disable_progress_bar()
logging.set_verbosity_error()
both = pytest.mark.parametrize("variant", BOTH)
SEARCH = {"max_length": 8, "min_length": 3}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """class → (ours, theirs) with a retriever, neither bos nor padding ever written, and eos likely."""
    base = small_knowledge_base(tmp_path_factory.mktemp("kb") / "knowledge_base")
    made = {cls: pair(cls, tmp_path_factory.mktemp("pair") / "model", base) for cls in BOTH}
    for each in made.values():
        for bias in (each.ours.generator.logits_bias, each.theirs.generator.final_logits_bias):
            bias[0, [BOS, PAD]] = -1e4
            bias[0, EOS] = 4.0
    generator = made[RagSequenceForGeneration].theirs.generator
    generator.generate = with_source_mask(generator.generate)
    return made


def with_source_mask(generate):
    return lambda ids, **settings: generate(ids, **{**settings, "attention_mask": ids.ne(PAD).long()})


def assert_same_answers(models, given, **settings):
    mine = models.ours.generate(**given, **SEARCH, **settings)
    assert answers(mine) == answers(models.theirs.generate(**given, **SEARCH, **settings))
    return mine


def answers(ids):
    """Without padding: their RAG-Sequence pads to the longest candidate, returned or not."""
    return [row[row != PAD].tolist() for row in ids]


@both
@pytest.mark.parametrize("settings", [{}, {"num_beams": 3}, {"num_beams": 4, "num_return_sequences": 3}], ids=str)
@pytest.mark.parametrize("source", [questions, contexts], ids=["retriever", "contexts"])
def test_answers_from_a_retriever_and_from_contexts(pairs, variant, settings, source):
    assert_same_answers(pairs[variant], source(), **settings)


@both
def test_the_number_of_passages_may_be_repeated(pairs, variant):
    assert_same_answers(pairs[variant], contexts(), n_docs=3, num_beams=2)
    assert_same_answers(pairs[variant], questions(), n_docs=3, num_beams=2)


@pytest.mark.parametrize("n_docs", [1, 2, 5])
def test_rag_token_with_another_number_of_passages(pairs, n_docs):
    """For RAG-Sequence there is nothing to compare with (deviation 3)."""
    assert_same_answers(pairs[RagTokenForGeneration], questions(), n_docs=n_docs, num_beams=2)


@pytest.mark.parametrize("use_cache", [True, False])
def test_with_and_without_a_cache(pairs, use_cache):
    assert_same_answers(pairs[RagTokenForGeneration], contexts(), use_cache=use_cache, num_beams=3)
    mine, expected = pairs[RagSequenceForGeneration].ours, pairs[RagSequenceForGeneration].theirs
    given = {**contexts(), **SEARCH, "num_beams": 3}
    assert answers(mine.generate(**given, use_cache=use_cache)) == answers(expected.generate(**given))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("wanted", [1, 4, 6])
def test_repeated_candidates_of_different_passages_are_returned_when_asked_for(pairs, seed, wanted):
    models = pairs[RagSequenceForGeneration]
    settings = {"num_beams": 2, "num_return_sequences": wanted}
    every = assert_same_answers(models, contexts(seed=seed), **settings, do_deduplication=False)
    assert len(every) == 2 * wanted


def test_three_passages_that_say_the_same_give_every_answer_three_times(pairs):
    models, given = pairs[RagSequenceForGeneration], contexts(B=1)
    for name in ("context_input_ids", "context_attention_mask"):
        given[name] = given[name][:1].expand(3, -1)
    settings = {"num_beams": 2, "num_return_sequences": 6}
    repeated = assert_same_answers(models, given, **settings, do_deduplication=False)
    assert len(repeated) == 6 and len(repeated.unique(dim=0)) == 2
    assert models.ours.generate(**given, **SEARCH, **settings, do_deduplication=False, decoding="fast").equal(repeated)
    assert models.ours.generate(**given, **SEARCH, **settings).equal(repeated[::3])  # once each: the default


@pytest.mark.parametrize("wanted", [2, 3])
def test_rag_sequence_returns_more_answers_than_it_has_beams(pairs, wanted):
    """Each passage has beams of its own."""
    models = pairs[RagSequenceForGeneration]
    assert_same_answers(models, contexts(), num_beams=1, num_return_sequences=wanted)


@both
def test_encoder_outputs_give_the_answers_of_the_contexts(pairs, variant):
    """transformers' generate takes none: it would read them as the question's."""
    ours, given = pairs[variant].ours, contexts()
    with torch.no_grad():
        states = ours.generator.encode(given["context_input_ids"], given["context_attention_mask"].bool())
    rest = {name: given[name] for name in ("context_attention_mask", "doc_scores")}
    expected = ours.generate(**given, **SEARCH, num_beams=3)
    assert ours.generate(encoder_outputs=states, **rest, **SEARCH, num_beams=3).tolist() == expected.tolist()
    assert ours.generate(encoder_outputs=(states.last_hidden_state,), **rest, **SEARCH, num_beams=3).equal(expected)
