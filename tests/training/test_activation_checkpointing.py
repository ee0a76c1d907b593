"""Layers that are computed again in backward: the same gradients bit for bit, from fewer numbers kept."""

from copy import deepcopy

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from minirag.training.activation_checkpointing import checkpoint_activations, layers_of
from tests.model.networks import bart, question_encoder, ragged_ids

DROPOUT = {
    bart: {"dropout": 0.3, "attention_dropout": 0.2, "activation_dropout": 0.1},
    question_encoder: {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.2},
}
BOTH = pytest.mark.parametrize("network", [bart, question_encoder])


def loss_of(model):
    ids, mask = ragged_ids([9, 6])
    if hasattr(model, "decoder"):
        return model(ids, mask, labels=ragged_ids([7, 4], seed=1)[0]).logits.float().square().mean()
    return model(ids, mask).pooler_output.float().square().mean()


def step(model, bf16=False):
    """(gradients by name, the random state behind the step, bytes kept for backward)."""
    kept = []
    model.train().zero_grad()
    torch.manual_seed(7)
    counting = saved_tensors_hooks(lambda tensor: kept.append(tensor.nbytes) or tensor, lambda tensor: tensor)
    with counting, torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = loss_of(model)
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return gradients, torch.get_rng_state(), sum(kept)


@BOTH
@pytest.mark.parametrize("bf16", [False, True])
def test_the_gradients_are_the_same_bit_for_bit_dropout_included(network, bf16):
    model = network(**DROPOUT[network])
    plain, plain_state, plain_bytes = step(deepcopy(model), bf16)
    checkpoint_activations(model)
    gradients, state, kept = step(model, bf16)
    assert all(torch.equal(gradients[name], plain[name]) for name in plain)
    assert torch.equal(state, plain_state)
    assert kept < plain_bytes / 3
    other, _, _ = step(network())  # without dropout the gradients would be others: it was at work
    assert not all(torch.equal(other[name], plain[name]) for name in plain)


@BOTH
def test_names_weights_and_results_stay_as_they_are(network):
    model = network()
    before, loss = deepcopy(model.state_dict()), loss_of(model)
    checkpoint_activations(model)
    after = model.state_dict()
    assert list(after) == list(before) and all(torch.equal(after[name], before[name]) for name in before)
    assert torch.equal(loss_of(model), loss)


def test_every_layer_is_computed_again_once_however_often_it_is_asked_for():
    model = bart()
    computed = []
    for layer in layers_of(model):
        layer.feed_forward.register_forward_pre_hook(lambda *_, layer=layer: computed.append(layer))
    checkpoint_activations(model)
    checkpoint_activations(model)
    loss = loss_of(model)
    assert len(computed) == len(list(layers_of(model))) == 4
    loss.backward()
    assert computed[4:] == computed[:4][::-1]


def test_a_copy_of_the_model_computes_with_its_own_weights():
    model = bart()
    checkpoint_activations(model)
    copy = deepcopy(model)
    with torch.no_grad():
        copy.encoder.layers[0].feed_forward.up.weight.zero_()
    assert not torch.equal(loss_of(copy), loss_of(model))
