"""Where do the searches of transformers 5.23.0 and ours part on purpose? One test for each row of docs/deviations.md.

Each shows both sides: a test fails when theirs is mended, too.
"""

from dataclasses import replace

import pytest
import torch
import transformers

from minirag.decoding.bart import bart_generate
from minirag.decoding.rag_sequence import thorough
from minirag.decoding.rag_token import rag_token_decode
from minirag.decoding.search_options import options_for
from minirag.likelihood import doc_logprobs
from tests.crosscheck.tiny_bart import (
    EOS,
    FORCED,
    PAD,
    PASSAGES,
    QUESTIONS,
    Pair,
    contexts,
    rag,
    source_masks,
    their_answers,
    tiny_pair,
)  # fmt: skip

ALONE = {"generates_bos_and_padding": False}


def ours(decode, pair: Pair, **search) -> list[list[list[int]]]:
    options = options_for(pair.ours.config, search)
    with torch.no_grad():
        found = decode(pair.ours, *pair.encoded(), doc_logprobs(pair.doc_scores), options)
    return [[answer.tokens for answer in answers] for answers in found]


def theirs(network, pair: Pair, **search) -> list[list[list[int]]]:
    ids = rag(network, pair).generate(**contexts(pair), **{"do_sample": False, **search})
    return their_answers(ids, len(ids) // QUESTIONS)


def test_more_padding_behind_the_sources_changes_their_rag_sequence_answers_and_not_ours():
    """Their candidates come from a generator that is not told what is padding, and 5.23.0 no longer infers it."""
    pair = tiny_pair(0, **ALONE)
    rows = len(pair.input_ids)
    padded = replace(
        pair,
        input_ids=torch.cat([pair.input_ids, torch.full((rows, 8), PAD)], dim=1),
        mask=torch.cat([pair.mask, torch.zeros(rows, 8, dtype=torch.bool)], dim=1),
    )
    search = {"num_beams": 4, "num_return_sequences": 4, "max_length": 10, "min_length": 2}
    assert ours(thorough, padded, **search) == ours(thorough, pair, **search)
    network = transformers.RagSequenceForGeneration
    assert theirs(network, padded, **search) != theirs(network, pair, **search)


ONE_ANSWER = {"num_beams": 2, "max_length": 3, "forced_bos_token_id": FORCED, "forced_eos_token_id": EOS}


def test_answers_that_do_not_exist_are_not_made_up():
    """Two beams and one possible answer: theirs come with a second one, of score −1e9."""
    pair = tiny_pair(0)
    how = {"num_return_sequences": 2, **ONE_ANSWER}
    out = pair.theirs.generate(
        pair.input_ids, attention_mask=pair.mask.long(), output_scores=True, return_dict_in_generate=True, **how
    )
    scores = out.sequences_scores.view(-1, 2)
    assert (scores[:, 0] > -1).all() and (scores[:, 1] < -1e8).all()
    for (only,), rows in zip(
        bart_generate(pair.ours, pair.input_ids, pair.mask, **how), their_answers(out.sequences, 2), strict=True
    ):
        assert only.tokens == rows[0] == [EOS, FORCED, EOS]


def test_padding_that_fills_up_missing_answers_wins_their_rag_sequence_and_not_ours():
    """No token of such a row is scored, so its "probability" is 1."""
    pair = tiny_pair(2, **ALONE)
    repeated = {**ONE_ANSWER, "no_repeat_ngram_size": 2, "num_beams": 5, "length_penalty": -1.0}
    with source_masks(pair):
        found = theirs(transformers.RagSequenceForGeneration, pair, **repeated)
    assert found == [[[EOS, PAD, PAD]]] * QUESTIONS
    assert ours(thorough, pair, **repeated) == [[[EOS, FORCED, EOS]]] * QUESTIONS


def test_max_new_tokens_is_a_limit_in_rag_token():
    pair = tiny_pair(0)
    search = {"max_new_tokens": 3, "min_length": 9, "num_beams": 1}
    assert all(len(answer) >= 9 for (answer,) in theirs(transformers.RagTokenForGeneration, pair, **search))
    del search["min_length"]
    assert all(len(answer) <= 4 for (answer,) in ours(rag_token_decode, pair, **search))


def test_rag_token_draws_as_many_answers_as_are_asked_for():
    pair, search = tiny_pair(0), {"do_sample": True, "num_return_sequences": 3}
    assert [len(answers) for answers in theirs(transformers.RagTokenForGeneration, pair, **search)] == [1] * QUESTIONS
    assert [len(answers) for answers in ours(rag_token_decode, pair, **search)] == [3] * QUESTIONS


def asked_about(search) -> set[int]:
    """The numbers that prefix_allowed_tokens_fn is called with."""
    numbers = set()

    def allowed(number, prefix):
        numbers.add(number)
        return [5, 6, EOS]

    search(allowed)
    return numbers


def test_the_allowed_tokens_are_those_of_a_question():
    """Theirs are asked about a row of the batch: a sample, or in RAG-Sequence a passage of whichever question."""
    pair = tiny_pair(0)
    rows = len(pair.input_ids)
    drawn = {"do_sample": True, "num_return_sequences": 2, "max_length": 3}
    assert asked_about(
        lambda allowed: pair.theirs.generate(pair.input_ids, prefix_allowed_tokens_fn=allowed, **drawn)
    ) == set(range(2 * rows))
    assert asked_about(
        lambda allowed: bart_generate(pair.ours, pair.input_ids, prefix_allowed_tokens_fn=allowed, **drawn)
    ) == set(range(rows))

    network, search = transformers.RagSequenceForGeneration, {"num_beams": 2, "max_length": 4}
    assert asked_about(lambda allowed: theirs(network, pair, prefix_allowed_tokens_fn=allowed, **search)) == set(
        range(PASSAGES)
    )
    assert asked_about(lambda allowed: ours(thorough, pair, prefix_allowed_tokens_fn=allowed, **search)) == set(
        range(QUESTIONS)
    )


def test_a_prefix_with_no_allowed_token_is_left_and_the_search_goes_on():
    pair = tiny_pair(0)
    follow = {(EOS,): [5, 6], (EOS, 5): [7], (EOS, 5, 7): [EOS]}  # 6 leads nowhere
    how = {
        "num_beams": 2,
        "max_length": 5,
        "prefix_allowed_tokens_fn": lambda _, prefix: follow.get(tuple(prefix.tolist()), []),
    }
    with pytest.raises(ValueError, match="returned an empty list"):
        pair.theirs.generate(pair.input_ids, attention_mask=pair.mask.long(), **how)
    for (answer,) in bart_generate(pair.ours, pair.input_ids, pair.mask, **how):
        assert answer.tokens == [EOS, 5, 7, EOS]
