"""How a small network starts: unit word vectors, and positions whose steps are rotations."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from minirag.training.initialise import initialise_small, learned_positions, sinusoids
from tests.model.networks import bart, context_encoder, question_encoder


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 20))
def test_the_similarity_of_two_positions_depends_on_their_distance_alone(first, second, shift):
    table = sinusoids(80, 16)
    near = table[first] @ table[second]
    torch.testing.assert_close(near, table[first + shift] @ table[second + shift], atol=1e-5, rtol=1e-5)


def test_position_zero_stands_behind_the_offset():
    table = sinusoids(6, 4, offset=2)
    torch.testing.assert_close(table[2], torch.tensor([0.0, 0.0, 1.0, 1.0]) / math.sqrt(4))
    torch.testing.assert_close(table[3, 0], torch.sin(torch.tensor(1.0)) / 2)


def test_word_vectors_have_length_about_one_and_padding_stays_zero():
    model = bart(vocab_size=500, d_model=64)
    initialise_small(model)
    assert (model.embed_tokens.weight[1] == 0).all()
    assert abs(model.embed_tokens.weight.norm(dim=1).mean() - 1) < 0.05


def test_each_network_has_its_position_tables_filled():
    for network, tables in ((bart(), 2), (question_encoder(), 1), (context_encoder(), 1)):
        initialise_small(network)
        found = learned_positions(network)
        assert len(found) == tables
        for positions, offset in found:
            rows, width = positions.weight.shape
            torch.testing.assert_close(positions.weight.data, sinusoids(rows, width, offset))


def test_what_cross_attention_looks_at_is_carried_over_as_it_is():
    model = bart()
    initialise_small(model)
    source = torch.randn(1, 1, 16, generator=torch.Generator().manual_seed(0))
    for layer in model.decoder.layers:
        carried, _ = layer.cross_attention(torch.zeros(1, 1, 16), layer.cross_attention.keys_values(source))
        torch.testing.assert_close(carried, source)
