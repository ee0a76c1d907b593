"""The networks against transformers 5.23.0, on tiny random models that transformers made and saved: every layer's hidden
states, attentions and cross-attentions, logits, loss and gradients; and what minirag saves, transformers loads.

Float32 within 10⁻⁵, as differences.py measures it.
"""

from dataclasses import fields
from functools import partial

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import modeling_outputs
from transformers.models.dpr import modeling_dpr

from minirag import outputs
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import TABLES, load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from tests.crosscheck import reference_models
from tests.crosscheck.differences import (
    assert_within,
    difference,
    gradient_differences,
    gradients,
    level_differences,
    published_gradients,
)
from tests.crosscheck.reference_models import bart_sizes, dpr_sizes, lengths, opened_here, ragged, seeds
from tests.model.networks import bart, context_encoder, question_encoder, ragged_ids

LIMIT = 1e-5
WANTED = {"output_hidden_states": True, "output_attentions": True}
many = settings(max_examples=30)
encoders = pytest.mark.parametrize(
    ("network", "reference"),
    [(DPRQuestionEncoder, transformers.DPRQuestionEncoder), (DPRContextEncoder, transformers.DPRContextEncoder)],
)


def real_weights(mask, weights):
    """Attention (B, H, T, S): the rows of real queries. What a padded position looks at means nothing."""
    return mask[:, None, :, None].expand_as(weights)


@pytest.mark.parametrize(
    ("ours", "theirs", "kept_inside"),
    [
        (outputs.DPROutput, modeling_dpr.DPRQuestionEncoderOutput, set()),
        (outputs.DPROutput, modeling_dpr.DPRContextEncoderOutput, set()),
        (outputs.EncoderOutput, modeling_outputs.BaseModelOutput, set()),
        (outputs.Seq2SeqLMOutput, modeling_outputs.Seq2SeqLMOutput, {"past_key_values"}),  # a cache is decoding's own
    ],
)
def test_every_documented_output_is_there(ours, theirs, kept_inside):
    names, documented = ({field.name for field in fields(output)} for output in (ours, theirs))
    assert documented - names == kept_inside


@many
@given(dpr_sizes, lengths, seeds)
@encoders
def test_dpr_encoders_give_transformers_states_attentions_vectors_and_gradients(network, reference, sizes, rows, seed):
    theirs = reference_models.dpr(reference, sizes, seed)
    ours = opened_here(theirs, partial(load_network, network))
    ids, mask = ragged(rows, sizes["vocab_size"], seed)
    segments = ragged(rows, 6, seed + 1)[0] % 2  # title and text are a sentence pair
    expected = theirs(ids, mask.long(), segments, **WANTED)
    got = ours(ids, mask, segments, **WANTED)
    shift = torch.randn(got.pooler_output.shape, generator=torch.Generator().manual_seed(seed))
    for output in (got, expected):
        (output.pooler_output * shift).sum().backward()
    real = real_weights(mask, expected.attentions[0])
    assert_within(
        LIMIT,
        {
            "vector": difference(got.pooler_output, expected.pooler_output),
            **level_differences("state", got.hidden_states, expected.hidden_states, mask),
            **level_differences("attention", got.attentions, expected.attentions, real),
            **gradient_differences(published_gradients(ours, TABLES[network]), gradients(theirs)),
        },
    )


@many
@given(bart_sizes, lengths, st.integers(1, 6), seeds)
def test_bart_gives_transformers_states_attentions_logits_loss_and_gradients(sizes, rows, steps, seed):
    theirs = reference_models.bart(sizes, seed)
    ours = opened_here(theirs, partial(load_network, BartForConditionalGeneration))
    ids, mask = ragged(rows, sizes["vocab_size"], seed)
    labels, _ = ragged([steps] * len(rows), sizes["vocab_size"], seed + 1)
    expected = theirs(ids, attention_mask=mask.long(), labels=labels, **WANTED)
    got = ours(ids, mask, labels=labels, **WANTED)
    for output in (got, expected):
        output.loss.backward()
    every = torch.ones_like(labels, dtype=torch.bool)
    compared = {
        "encoder_hidden_states": mask,
        "encoder_attentions": real_weights(mask, expected.encoder_attentions[0]),
        "decoder_hidden_states": every,
        "decoder_attentions": real_weights(every, expected.decoder_attentions[0]),
        "cross_attentions": real_weights(every, expected.cross_attentions[0]),
    }
    differences = {"logits": difference(got.logits, expected.logits), "loss": difference(got.loss, expected.loss)}
    for name, real in compared.items():
        differences |= level_differences(name, getattr(got, name), getattr(expected, name), real)
    own = published_gradients(ours, TABLES[type(ours)])
    assert_within(LIMIT, differences | gradient_differences(own, gradients(theirs)))


@settings(max_examples=20)
@given(dpr_sizes, bart_sizes, lengths, st.sampled_from(["eager", "sdpa"]), seeds)
def test_fused_attention_gives_what_eager_and_sdpa_give(encoder, generator, rows, attention, seed):
    """The call that shows no weights, which is the one that is used."""
    bert = reference_models.dpr(transformers.DPRContextEncoder, encoder, seed, attention)
    bart = reference_models.bart(generator, seed, attention)
    ids, mask = ragged(rows, min(encoder["vocab_size"], generator["vocab_size"]), seed)
    vectors = opened_here(bert, partial(load_network, DPRContextEncoder))(ids, mask).pooler_output
    logits = opened_here(bart, partial(load_network, BartForConditionalGeneration))(ids, mask, ids).logits
    assert_within(
        LIMIT,
        {
            "vector": difference(vectors, bert(ids, mask.long()).pooler_output),
            "logits": difference(logits, bart(ids, mask.long(), decoder_input_ids=ids).logits),
        },
    )


@pytest.mark.parametrize(
    ("network", "reference", "config"),
    [
        (DPRQuestionEncoder, transformers.DPRQuestionEncoder, {"projection_dim": 5}),
        (DPRContextEncoder, transformers.DPRContextEncoder, {}),
        (BartForConditionalGeneration, transformers.BartForConditionalGeneration, {}),
    ],
)
def test_what_minirag_saves_transformers_loads_whole_with_the_same_output(tmp_path, network, reference, config):
    makers = {DPRQuestionEncoder: question_encoder, DPRContextEncoder: context_encoder}
    ours = makers.get(network, bart)(**config)
    save_network(ours, tmp_path)
    theirs, report = reference.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    ids, mask = ragged_ids([6, 4])
    inputs = {"input_ids": ids, "attention_mask": mask.long()}
    if network is BartForConditionalGeneration:
        decoder_ids, _ = ragged_ids([3, 3], seed=1)
        expected = theirs.eval()(**inputs, decoder_input_ids=decoder_ids).logits
        assert difference(ours(ids, mask, decoder_ids).logits, expected) <= LIMIT
    else:
        assert difference(ours(ids, mask).pooler_output, theirs.eval()(**inputs).pooler_output) <= LIMIT
