"""The last layer computes [CLS] alone where nothing else is wanted: the same vectors and gradients, from less work.

The oracle is the network that computes every state (`BertEncoder` without `cls_only`), of which the first is taken.
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from benchmarks.work import operations
from tests.model.networks import context_encoder, ragged_ids

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=4)
LAYERS = st.integers(1, 3)
EXACT, ROUNDED = ({"rtol": limit, "atol": limit} for limit in (1e-12, 1e-5))
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
WIDTH, INNER, BATCH, LENGTH = 16, 24, 3, 10


class DropsByPosition(torch.nn.Module):
    """Dropout whose choice depends on nothing but the position, so that two shapes can be compared."""

    def forward(self, x):
        kept = torch.rand(32, x.shape[2], generator=torch.Generator().manual_seed(0)) > 0.3
        return x * kept[: x.shape[1]] / 0.7


def every_state(encoder, ids, mask, types=None):
    """The vector (B, P) as it is defined, out of all states (B, S, D)."""
    part = encoder.ctx_encoder
    cls = part.bert(ids, mask, types).last_hidden_state[:, 0]
    vector = cls if part.projection is None else part.projection(cls)
    return part.config.scale * (normalize(vector, dim=-1) if part.config.normalize else vector)


def vector_alone(encoder, ids, mask, types=None):
    return encoder(ids, mask, types).pooler_output


def gradients(encoder, vectors):
    """Of every parameter, for a loss in which each number of a vector weighs differently."""
    weights = torch.linspace(-1, 1, vectors.numel(), dtype=vectors.dtype).view_as(vectors)
    encoder.zero_grad()
    (vectors * weights).sum().backward()
    return {name: parameter.grad for name, parameter in encoder.named_parameters()}


def assert_same(encoder, *inputs, **limit):
    expected = every_state(encoder, *inputs)
    wanted = gradients(encoder, expected)
    got = vector_alone(encoder, *inputs)
    torch.testing.assert_close(got, expected, **limit)
    torch.testing.assert_close(gradients(encoder, got), wanted, **limit)


@given(LENGTHS, st.booleans(), LAYERS, st.sampled_from([{}, {"projection_dim": 7, "normalize": True, "scale": 3.0}]))
def test_vectors_and_gradients_of_every_parameter_are_those_of_the_whole_network(lengths, masked, layers, settings):
    encoder = context_encoder(num_hidden_layers=layers, **settings).double()
    ids, mask = ragged_ids(lengths, seed=layers)
    assert_same(encoder, ids, mask if masked else None, ids % 2, **EXACT)


@given(LENGTHS, LAYERS)
def test_in_float32_both_differ_by_rounding_only(lengths, layers):
    ids, mask = ragged_ids(lengths, seed=layers)
    assert_same(context_encoder(num_hidden_layers=layers), ids, mask, **ROUNDED)


def test_dropout_falls_on_the_same_places():
    encoder, (ids, _) = context_encoder(**NO_DROPOUT).double().train(), ragged_ids([9, 9])
    without = vector_alone(encoder, ids, None)
    for layer in encoder.ctx_encoder.bert.layers:
        layer.dropout = DropsByPosition()
    assert not torch.allclose(vector_alone(encoder, ids, None), without, atol=1e-2)
    assert_same(encoder, ids, None, **EXACT)


@pytest.mark.parametrize("name", NO_DROPOUT)
def test_the_last_layer_drops_in_training_and_not_in_evaluation(name):
    encoder = context_encoder(num_hidden_layers=1, **{**NO_DROPOUT, name: 0.5})
    encoder.ctx_encoder.bert.embeddings.dropout.p = 0.0
    ids, mask = ragged_ids([9, 4])
    assert torch.equal(vector_alone(encoder, ids, mask), vector_alone(encoder, ids, mask))
    encoder.train()
    assert not torch.equal(vector_alone(encoder, ids, mask), vector_alone(encoder, ids, mask))


def layer_operations(positions):
    """(products with weights, attention) of a layer that computes `positions` of LENGTH; 2 operations a multiplication."""
    keys_values = 2 * LENGTH * WIDTH**2
    query_output, inside = 2 * positions * WIDTH**2, 2 * positions * WIDTH * INNER
    return 2 * BATCH * (keys_values + query_output + inside), 2 * BATCH * 2 * positions * LENGTH * WIDTH


def counted(layers, backward=False, wanted=(), **settings):
    """Operations of one pass of an encoder that is asked for what is `wanted`, too."""
    ids, mask = ragged_ids([LENGTH] * BATCH)
    encoder = context_encoder(num_hidden_layers=layers, **settings)

    def run():
        vectors = encoder(ids, mask, **dict.fromkeys(wanted, True)).pooler_output
        return gradients(encoder, vectors) if backward else vectors

    return operations(run)


@pytest.mark.parametrize("layers", [1, 2, 12])
def test_the_last_layer_computes_one_position_and_the_keys_and_values_of_all(layers):
    whole, last = layer_operations(LENGTH), layer_operations(1)
    products, attention = ((layers - 1) * of_all + of_one for of_all, of_one in zip(whole, last, strict=True))
    assert counted(layers) == products + attention
    assert counted(layers, backward=True) == 3 * products + 3.5 * attention  # backward computes Q Kᵀ once more


@given(LENGTHS, st.booleans(), LAYERS)
def test_without_a_gradient_the_vectors_are_the_same(lengths, masked, layers):
    encoder = context_encoder(num_hidden_layers=layers).double()
    ids, mask = ragged_ids(lengths, seed=layers)
    mask = mask if masked else None
    with torch.no_grad():
        got = vector_alone(encoder, ids, mask, ids % 2)
    torch.testing.assert_close(got, every_state(encoder, ids, mask, ids % 2).detach(), **EXACT)


@pytest.mark.parametrize("layers", [1, 2, 12])
def test_without_a_gradient_the_last_layer_multiplies_no_matrix_with_the_states_of_all(layers):
    whole, heads = sum(layer_operations(LENGTH)), 2
    of_one = BATCH * 2 * (4 * WIDTH**2 + 2 * WIDTH * INNER)  # W_Q, W_K, W_V, W_O and the two inside, for [CLS]
    with torch.no_grad():
        assert counted(layers) == (layers - 1) * whole + of_one + BATCH * 2 * 2 * heads * LENGTH * WIDTH


def test_with_dropout_the_last_layer_is_computed_the_same_way_with_and_without_a_gradient():
    """A large batch is encoded in pieces without a gradient, then with one: dropout must fall on the same places."""
    encoder, (ids, mask) = context_encoder(attention_probs_dropout_prob=0.5).double().train(), ragged_ids([9, 4])
    torch.manual_seed(0)
    expected = vector_alone(encoder, ids, mask).detach()
    torch.manual_seed(0)
    with torch.no_grad():
        assert torch.equal(vector_alone(encoder, ids, mask), expected)


def test_of_every_other_token_ten_products_of_twelve_fall_away_as_the_module_says():
    inside = {"intermediate_size": 4 * WIDTH}
    saved = counted(2, pooling="mean", **inside) - counted(2, **inside)
    others = BATCH * (LENGTH - 1)
    assert saved == 2 * others * 10 * WIDTH**2 + 2 * others * 2 * LENGTH * WIDTH  # the latter in attention


@pytest.mark.parametrize(
    "case", [{"pooling": "mean"}, {"wanted": ["output_hidden_states"]}, {"wanted": ["output_attentions"]}]
)
def test_every_state_is_computed_where_it_is_wanted(case):
    assert counted(2, **case) == 2 * sum(layer_operations(LENGTH)) > counted(2)


def test_hidden_states_and_attentions_are_of_all_positions():
    ids, mask = ragged_ids([5, 3])
    encoder = context_encoder()
    states, weights = (encoder(ids, mask, **{name: True}) for name in ("output_hidden_states", "output_attentions"))
    assert [list(state.shape) for state in states.hidden_states] == [[2, 5, WIDTH]] * 3
    assert [list(weight.shape) for weight in weights.attentions] == [[2, 2, 5, 5]] * 2
