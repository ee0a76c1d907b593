"""The networks against transformers 5.23.0, on small random models that transformers made and saved: every layer's
hidden states, attentions, logits, losses and gradients within 1e-5, and what minirag saves, transformers loads."""

import pytest
import torch
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minirag.model.bart import BartForConditionalGeneration
from minirag.model.checkpoint import TABLES, load_network, save_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import published_names

WITHIN = {"atol": 1e-5, "rtol": 1e-5}
few = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
transformers.logging.disable_progress_bar()

dpr_sizes = st.fixed_dictionaries(
    {
        "num_hidden_layers": st.integers(1, 3),
        "num_attention_heads": st.sampled_from([1, 2, 4]),
        "hidden_size": st.sampled_from([8, 16]),
        "intermediate_size": st.sampled_from([8, 20]),
        "hidden_act": st.sampled_from(["gelu", "relu", "gelu_new"]),
        "projection_dim": st.sampled_from([0, 6]),
    }
)
bart_sizes = st.fixed_dictionaries(
    {
        "encoder_layers": st.integers(1, 3),
        "decoder_layers": st.integers(1, 3),
        "encoder_attention_heads": st.sampled_from([1, 2, 4]),
        "decoder_attention_heads": st.sampled_from([1, 4]),
        "d_model": st.sampled_from([8, 16]),
        "encoder_ffn_dim": st.sampled_from([8, 20]),
        "activation_function": st.sampled_from(["gelu", "relu", "gelu_new"]),
        "scale_embedding": st.booleans(),
    }
)
lengths = st.lists(st.integers(1, 10), min_size=1, max_size=4)


def ragged(row_lengths: list[int], seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(4, 30, (len(row_lengths), max(row_lengths)), generator=torch.Generator().manual_seed(seed))
    mask = torch.arange(ids.shape[1])[None] < torch.tensor(row_lengths)[:, None]
    return ids.masked_fill(~mask, 1), mask


def assert_each_close(ours, theirs, mask=None) -> None:
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        real = slice(None) if mask is None else mask
        torch.testing.assert_close(mine[real], other[real], **WITHIN)


def assert_same_gradients(model, network, reference) -> None:
    own = dict(model.named_parameters())
    theirs = dict(reference.named_parameters())
    for name, published in published_names(own, TABLES[network]).items():
        expected = theirs[published].grad
        torch.testing.assert_close(own[name].grad, expected, **WITHIN, msg=lambda text, n=published: f"{n}: {text}")


@few
@given(dpr_sizes, lengths, st.integers(0, 99))
@pytest.mark.parametrize(
    ("network", "reference"),
    [
        (DPRQuestionEncoder, transformers.DPRQuestionEncoder),
        (DPRContextEncoder, transformers.DPRContextEncoder),
    ],
)
def test_dpr_encoders_give_transformers_states_vectors_and_gradients(tmp_path, network, reference, sizes, rows, seed):
    torch.manual_seed(seed)
    config = transformers.DPRConfig(
        vocab_size=30, max_position_embeddings=16, initializer_range=0.3, attn_implementation="eager", **sizes
    )
    theirs = reference(config).eval()
    theirs.save_pretrained(tmp_path)
    ours = load_network(network, tmp_path)
    ids, mask = ragged(rows, seed)
    expected = theirs(ids, attention_mask=mask.long(), output_hidden_states=True, output_attentions=True)
    got = ours(ids, mask, output_hidden_states=True, output_attentions=True)
    torch.testing.assert_close(got.pooler_output, expected.pooler_output, **WITHIN)
    assert_each_close(got.hidden_states, expected.hidden_states, mask)
    real = mask[:, None, :, None].expand_as(expected.attentions[0])
    assert_each_close(got.attentions, expected.attentions, real)
    weights = torch.randn(got.pooler_output.shape)
    (got.pooler_output * weights).sum().backward()
    (expected.pooler_output * weights).sum().backward()
    assert_same_gradients(ours, network, theirs)


@few
@given(bart_sizes, lengths, st.integers(1, 6), st.integers(0, 99))
def test_bart_gives_transformers_states_logits_loss_and_gradients(tmp_path, sizes, rows, steps, seed):
    torch.manual_seed(seed)
    config = transformers.BartConfig(
        vocab_size=30, max_position_embeddings=16, init_std=0.3, attn_implementation="eager", **sizes
    )
    theirs = transformers.BartForConditionalGeneration(config).eval()
    theirs.save_pretrained(tmp_path)
    ours = load_network(BartForConditionalGeneration, tmp_path)
    ids, mask = ragged(rows, seed)
    labels, _ = ragged([steps] * len(rows), seed + 1)
    wanted = {"output_hidden_states": True, "output_attentions": True}
    expected = theirs(ids, attention_mask=mask.long(), labels=labels, **wanted)
    got = ours(ids, mask, labels=labels, **wanted)
    torch.testing.assert_close(got.logits, expected.logits, **WITHIN)
    torch.testing.assert_close(got.loss, expected.loss, **WITHIN)
    assert_each_close(got.encoder_hidden_states, expected.encoder_hidden_states, mask)
    assert_each_close(got.decoder_hidden_states, expected.decoder_hidden_states)
    assert_each_close(got.decoder_attentions, expected.decoder_attentions)
    assert_each_close(got.cross_attentions, expected.cross_attentions)
    got.loss.backward()
    expected.loss.backward()
    assert_same_gradients(ours, BartForConditionalGeneration, theirs)


@pytest.mark.parametrize(
    ("network", "reference", "config"),
    [
        (DPRQuestionEncoder, transformers.DPRQuestionEncoder, {"projection_dim": 5}),
        (DPRContextEncoder, transformers.DPRContextEncoder, {}),
        (BartForConditionalGeneration, transformers.BartForConditionalGeneration, {}),
    ],
)
def test_what_minirag_saves_transformers_loads_whole_with_the_same_output(tmp_path, network, reference, config):
    from tests.model.networks import bart, context_encoder, question_encoder, ragged_ids

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
        torch.testing.assert_close(ours(ids, mask, decoder_ids).logits, expected, **WITHIN)
    else:
        torch.testing.assert_close(ours(ids, mask).pooler_output, theirs.eval()(**inputs).pooler_output, **WITHIN)
