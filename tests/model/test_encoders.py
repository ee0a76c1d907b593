"""BERT and the two DPR encoders: what padding, position and projection do."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.model.networks import bart, context_encoder, question_encoder, ragged_ids


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@given(lengths=st.lists(st.integers(1, 12), min_size=2, max_size=5), seed=st.integers(0, 50))
def test_a_batch_gives_the_same_vectors_as_one_by_one(pooling, lengths, seed):
    encoder = question_encoder(pooling=pooling)
    ids, mask = ragged_ids(lengths, seed)
    together = encoder(ids, mask).pooler_output
    for row, length in enumerate(lengths):
        alone = encoder(ids[row : row + 1, :length]).pooler_output
        torch.testing.assert_close(together[row : row + 1], alone, atol=1e-5, rtol=1e-5)


def test_the_vector_is_the_raw_cls_state_unless_there_is_a_projection():
    ids, mask = ragged_ids([5, 3])
    output = context_encoder()(ids, mask, output_hidden_states=True)
    assert torch.equal(output.pooler_output, output.hidden_states[-1][:, 0])
    projected = context_encoder(projection_dim=7)
    output = projected(ids, mask, output_hidden_states=True)
    assert torch.equal(output.pooler_output, projected.ctx_encoder.projection(output.hidden_states[-1][:, 0]))


def test_hidden_states_run_from_the_embeddings_to_the_last_layer():
    ids, mask = ragged_ids([5, 3])
    encoder = question_encoder()
    output = encoder(ids, mask, output_hidden_states=True, output_attentions=True)
    assert len(output.hidden_states) == 3 and len(output.attentions) == 2
    bert = encoder.question_encoder.bert
    assert torch.equal(output.hidden_states[0][mask], bert.embeddings(ids)[mask])
    assert not output.hidden_states[0][~mask].any()
    assert torch.equal(bert(ids, mask, output_attentions=True).last_hidden_state, output.hidden_states[-1])
    assert (output.attentions[0][1, :, :, 3:] == 0).all()


def test_the_order_of_words_matters():
    ids = torch.tensor([[5, 6, 7, 8], [5, 7, 6, 8]])
    vectors = question_encoder()(ids).pooler_output
    assert not torch.allclose(vectors[0], vectors[1], atol=1e-3)


@pytest.mark.parametrize("network", [lambda ids: question_encoder()(ids), lambda ids: bart().encode(ids)])
def test_more_tokens_than_positions_are_refused_with_both_numbers(network):
    with pytest.raises(ValueError, match=r"input of 33 tokens is longer than the 32 positions"):
        network(torch.full((1, 33), 5))
