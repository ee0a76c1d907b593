"""generate: its defaults, and how many answers it returns."""

import pytest

from minirag.rag import RagSequenceForGeneration, RagTokenForGeneration
from tests.rag.contexts import BOS, START, both, contexts, read
from tests.small_rag import small_rag


def test_the_generators_config_gives_the_defaults_of_the_search():
    model = small_rag(RagTokenForGeneration)
    assert model.search_options({}).max_length == model.config.generator.max_length == 8
    assert model.search_options({"max_length": 5, "num_beams": None}).max_length == 5
    with pytest.raises(ValueError, match="num_return_sequences=3 is more than num_beams=2"):
        model.generate(**contexts(), num_beams=2, num_return_sequences=3)


@both
def test_fewer_distinct_answers_than_asked_for_are_all_there_are(variant):
    """Deviation 4: transformers says "selected index k out of range"."""
    forced = {"forced_bos_token_id": BOS, "max_length": 2}
    made = small_rag(variant).generate(**contexts(), num_beams=4, num_return_sequences=4, **forced)
    assert made.tolist() == [[START, BOS], [START, BOS]]


def test_fast_decoding_scores_no_answer_above_its_thorough_score():
    """Deviation 11: there is no fast decoding in transformers."""
    model = small_rag(RagSequenceForGeneration)
    sources, encoded = read(model, contexts())
    options = model.search_options({"num_beams": 4, "num_return_sequences": 4})
    thorough = model.search(sources, encoded, options, "thorough")
    for b, candidates in enumerate(model.search(sources, encoded, options, "fast")):
        exact = {tuple(c.tokens): c.logprob for c in thorough[b]}
        for candidate in candidates:
            assert candidate.logprob <= exact.get(tuple(candidate.tokens), 0.0) + 1e-4
    with pytest.raises(ValueError, match="decoding='quick' is neither 'thorough' nor 'fast'"):
        model.generate(**contexts(), decoding="quick")
