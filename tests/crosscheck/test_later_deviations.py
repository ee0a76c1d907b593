"""Differences from transformers 5.23.0 beyond the first twelve: what it does, what minirag does, and enumeration where there
is a number. The rows of docs/deviations.md from 13 on.
"""

import math
import re
from pathlib import Path

import pytest
import torch
import transformers
from transformers import logging

from minirag.rag import RagModel, RagSequenceForGeneration, RagTokenForGeneration
from tests.crosscheck.by_hand import (
    PAGE,
    assert_documented,
    logits_of,
    row_of,
    sequence_nll,
    softmax,
    table_of,
    token_probabilities,
)
from tests.crosscheck.rag_pairs import BOS, EOS, LABELS, PAD, START, contexts, pair, questions
from tests.small_rag import PASSAGES, small_config, small_knowledge_base

logging.disable_progress_bar()
logging.set_verbosity_error()
V = 8  # the vocabulary of the tables that are written by hand


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    """RAG-Sequence of both, float64, without a retriever."""
    made = pair(RagSequenceForGeneration, tmp_path_factory.mktemp("pair") / "model")
    made.ours.double(), made.theirs.double()
    return made


@pytest.fixture(scope="module")
def retrieving(tmp_path_factory):
    """RAG-Token of both, with a retriever."""
    folder = tmp_path_factory.mktemp("pair")
    return pair(RagTokenForGeneration, folder / "model", small_knowledge_base(folder / "kb"))


def test_deviation_13_more_padding_gives_other_rag_sequence_answers(sequence):
    """Their thorough decoding generates without the contexts' mask."""
    given, settings = contexts(), {"num_beams": 3, "max_length": 8, "min_length": 3}
    pad = torch.nn.functional.pad
    ids, mask = given["context_input_ids"], given["context_attention_mask"]
    padded = {**given, "context_input_ids": pad(ids, (0, 9), value=PAD), "context_attention_mask": pad(mask, (0, 9))}
    theirs = [answers(sequence.theirs.generate(**those, **settings)) for those in (given, padded)]
    ours = [answers(sequence.ours.generate(**those, **settings)) for those in (given, padded)]
    assert theirs[0] != theirs[1]
    assert ours[0] == ours[1]


def answers(ids):
    return [row[row != PAD].tolist() for row in ids]


def test_deviation_14_bart_scores_padding_in_labels(sequence):
    source, labels = torch.tensor([[0, 70, 81, 2]]), torch.tensor([[90, 75, EOS, PAD, PAD]])
    theirs = sequence.theirs.generator(input_ids=source, labels=labels).loss.item()
    ours = sequence.ours.generator(source, labels=labels).loss.item()
    chances = token_probabilities(sequence.theirs.generator, source[0], [START, 90, 75, EOS])
    assert_documented(14, theirs, ours, -sum(math.log(p) for p in chances) / 3)


def test_deviation_15_a_token_checkpoint_opens_as_sequence_in_silence(tmp_path):
    pair(RagTokenForGeneration, tmp_path / "token")
    assert transformers.RagSequenceForGeneration.from_pretrained(tmp_path / "token") is not None
    with pytest.raises(ValueError, match="holds a RagTokenForGeneration"):
        RagSequenceForGeneration.from_pretrained(tmp_path / "token")
    assert RagSequenceForGeneration.from_pretrained(tmp_path / "token", variant_mismatch_ok=True) is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_length": 5, "max_new_tokens": 2}, "max_length and max_new_tokens both say where to stop"),
        ({"top_p": 0.5}, "top_p=0.5 has no effect without do_sample=True"),
        ({"do_sample": True}, "do_sample=True: RAG-Sequence looks for the best answer"),
    ],
    ids=["contradiction", "no effect", "sampling"],
)
@pytest.mark.filterwarnings("ignore:Using the model-agnostic default `max_length`:UserWarning")
def test_deviation_19_settings_that_make_no_sense_together_are_passed_over(sequence, settings, message):
    assert len(sequence.theirs.generate(**contexts(), **settings)) == 2
    with pytest.raises(ValueError, match=message):
        sequence.ours.generate(**contexts(), **settings)


def test_deviation_22_thorough_decoding_does_not_score_a_leading_bos(sequence):
    """Every answer has to begin with bos, whose probability differs from passage to passage: it belongs to p(y|x).
    The numbers are −log p(y|x) of what each chose.
    """
    given = contexts(B=1, seed=1)
    given["context_attention_mask"] = torch.ones_like(given["context_attention_mask"])  # deviation 13 plays no part
    settings = {"num_beams": 3, "max_length": 6, "min_length": 3, "forced_bos_token_id": BOS}
    prior = softmax(given["doc_scores"][0].tolist())

    def nll(ids, excluded=0):
        table = table_of(sequence.theirs.generator, given, 0, ids)
        return sequence_nll(prior, [row[excluded:] for row in table])

    theirs, ours = (answers(m.generate(**given, **settings))[0] for m in (sequence.theirs, sequence.ours))
    every = answers(sequence.ours.generate(**given, **settings, num_return_sequences=9))
    assert all(candidate[:2] == [START, BOS] for candidate in every)
    assert theirs == min(every, key=lambda candidate: nll(candidate, excluded=1))
    assert_documented(22, nll(theirs), nll(ours), min(nll(candidate) for candidate in every))


def test_deviation_23_hidden_states_and_the_question_encoders_attentions_are_not_handed_out(retrieving):
    settings = {"labels": LABELS, "output_hidden_states": True, "output_attentions": True}
    theirs, ours = (model(**questions(), **settings) for model in (retrieving.theirs, retrieving.ours))
    for name in (
        "question_enc_hidden_states", "question_enc_attentions",
        "generator_enc_hidden_states", "generator_dec_hidden_states",
    ):  # fmt: skip
        assert getattr(theirs, name) is None
        assert len(getattr(ours, name)) == 2 + name.endswith("hidden_states")


def test_deviation_24_the_prefix_of_the_config_is_not_read(tmp_path):
    base = small_knowledge_base(tmp_path / "kb", PASSAGES[:1])
    both = pair(RagTokenForGeneration, tmp_path / "model", base, prefix="answer: ")
    assert both.theirs.config.prefix == both.ours.config.prefix == "answer: "
    settings = {"labels": LABELS, "output_retrieved": True, "n_docs": 1}
    theirs, ours = (model(**questions(), **settings).context_input_ids[0] for model in (both.theirs, both.ours))
    decode = both.ours.rag.tokenizer.decode
    assert decode(theirs).startswith("Mongolia / ")
    assert decode(ours) == "answer: " + decode(theirs)


@pytest.mark.filterwarnings("ignore:Using the model-agnostic default `max_length`:UserWarning")
def test_deviation_25_rag_sequence_does_not_search_as_its_config_says(sequence):
    """The generator's config says max_length 8; without it theirs is 21, as for a model that says nothing."""
    settings = {"min_length": 8, "bad_words_ids": [[EOS]]}
    assert sequence.theirs.config.generator.to_dict().get("max_length") is None  # it is dropped on opening
    assert sequence.theirs.generate(**contexts(), **settings).shape == (2, 21)
    assert sequence.ours.generate(**contexts(), **settings).shape == (2, small_config().generator.max_length)


def test_deviation_26_smoothing_counts_a_bos_that_is_not_to_be_scored(sequence):
    """One passage, the answer <s> 5 </s>, ε = 0.5: the loss is ½ −log p(5 </s>) + ½ the mean over v, of those two tokens."""
    steps = [{BOS: 0.25}, {5: 0.5}, {EOS: 0.8}, {}]
    labels, scores = torch.tensor([[START, BOS, 5, EOS]]), torch.zeros(1, 1, dtype=torch.float64)
    settings = {"exclude_bos_score": True, "epsilon": 0.5, "n_docs": 1}
    theirs, ours = (
        m.get_nll(logits_of([steps], V), scores, labels, **settings).item() for m in (sequence.theirs, sequence.ours)
    )
    evenly = [math.log(p) + (V - 1) * math.log((1.0 - p) / (V - 1)) for p in (0.5, 0.8)]
    assert_documented(26, theirs, ours, 0.5 * sequence_nll([1.0], [[0.5, 0.8]]) - 0.5 / V * sum(evenly))


def test_deviation_27_contexts_are_padded_to_max_combined_length(retrieving):
    settings = {"labels": LABELS, "output_retrieved": True}
    theirs, ours = (m(**questions(), **settings).context_attention_mask for m in (retrieving.theirs, retrieving.ours))
    assert theirs.shape[1] == small_config().max_combined_length > ours.shape[1] == ours.sum(dim=1).max()
    assert torch.equal(theirs[:, : ours.shape[1]].bool(), ours) and not theirs[:, ours.shape[1] :].any()


def test_deviation_28_what_is_not_understood_is_swallowed(sequence):
    """tests/rag/illegal_combinations.py and illegal_values.py list what else means nothing, and what theirs makes of it."""
    given = {**contexts(), "decoder_input_ids": LABELS, "lables": LABELS}
    out = sequence.theirs(**given)
    assert out.loss is None and out.context_input_ids == (None,)  # a tuple, where nothing was to be handed out
    with pytest.raises(TypeError, match="unexpected argument 'lables'"):
        sequence.ours(**given)


def test_deviation_29_forward_takes_and_returns_a_cache(tmp_path):
    """Ours reads whole answers; generate keeps its cache to itself, and cached is uncached (tests/decoding)."""
    both = pair(RagModel, tmp_path / "model")
    assert both.theirs(**contexts(), decoder_input_ids=LABELS).past_key_values.get_seq_length() == LABELS.shape[1]
    assert both.ours(**contexts(), decoder_input_ids=LABELS).past_key_values is None
    for given in ({"use_cache": True}, {"past_key_values": ()}):
        with pytest.raises((TypeError, ValueError), match=next(iter(given))):
            both.ours(**contexts(), decoder_input_ids=LABELS, **given)


def test_deviation_30_states_of_source_padding_are_computed(sequence):
    """Ours leaves padding out of the encoder (model/real_tokens.py); nobody may look at these states in either."""
    given = {**contexts(), "labels": LABELS}
    theirs, ours = (m(**given).generator_enc_last_hidden_state for m in (sequence.theirs, sequence.ours))
    padding = given["context_attention_mask"] == 0
    assert padding.any() and (ours[padding] == 0).all() and (theirs[padding] != 0).any(dim=-1).all()
    torch.testing.assert_close(ours[~padding], theirs[~padding])


def test_every_row_names_a_test_that_runs_both_and_every_numbered_test_has_its_row():
    folder = Path(__file__).parent
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, len(rows) + 1))
    assert all("`tests/crosscheck/" in row for row in rows)
    for name in (name for file in folder.glob("test_*deviations.py") for name in numbered_tests(file)):
        assert f"::{name}`" in row_of(int(name.split("_")[2]))


def numbered_tests(file):
    return re.findall(r"^def (test_deviation_\w+)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
