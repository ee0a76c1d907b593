"""The networks at their published sizes against transformers 5.23.0, in float32: DPR (BERT base, 110M), and RAG of DPR base
with BART base (139M) or large (406M). Hidden states of every layer, logits, losses, every parameter's gradient.

Differences are relative to the largest entry of each tensor, however small (differences.py with a floor of 0). Measured:
states and logits of BART the same to the bit, states and vectors of DPR 6 · 10⁻⁷, losses 10⁻⁷, gradients of DPR 4 · 10⁻⁶,
of the generator in RAG 3 · 10⁻⁶, of the question encoder in RAG 5 · 10⁻⁵. It starts from posterior − prior, which is 0.03 here,
for passages matter little to random weights: a difference of numbers near 1 that is itself known to 4 · 10⁻⁵.

One network is in memory at a time: at most 5 GB with BART base, 7.5 GB with BART large. 80 seconds of one core.
"""

from functools import partial
from tempfile import TemporaryDirectory

import pytest
import torch
import transformers

from minirag.model.checkpoint import TABLES, load_network
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder
from minirag.model.name_tables import RAG_FOR_GENERATION
from tests.crosscheck import reference_models
from tests.crosscheck.differences import assert_within, difference, gradient_differences, gradients, published_gradients
from tests.crosscheck.published_sizes import BART_BASE, BART_LARGE, BERT_BASE, STD
from tests.crosscheck.rag_steps import PAIRS, backward, our_output, random_step, their_output

pytestmark = pytest.mark.slow
LIMIT = 1e-4


def levels(output, name, real=None):
    """Hidden states of every level by name; of the tokens that are real where that is given, else padding included."""
    states = (state.detach() for state in getattr(output, name))
    return {f"{name}[{i}]": state if real is None else state[real] for i, state in enumerate(states)}


def numbers(output, step):
    """What a step came to, without its graph: that would keep the network in memory. (Padding's states are 0 here.)"""
    alone = {name: getattr(output, name).detach() for name in ("doc_scores", "logits", "loss")}
    sources = levels(output, "generator_enc_hidden_states", step.found.context_attention_mask.bool())
    return alone | sources | levels(output, "generator_dec_hidden_states")


def apart(ours, theirs):
    assert ours.keys() == theirs.keys()
    return {name: difference(ours[name], theirs[name], floor=0.0) for name in ours}


@pytest.mark.parametrize(
    ("network", "reference"),
    [(DPRQuestionEncoder, transformers.DPRQuestionEncoder), (DPRContextEncoder, transformers.DPRContextEncoder)],
)
def test_dpr_base_gives_their_states_vectors_and_gradients(network, reference):
    theirs = reference_models.dpr(reference, BERT_BASE, attention="sdpa", std=STD)
    ours = reference_models.opened_here(theirs, partial(load_network, network))
    ids, mask = reference_models.ragged([120, 77], theirs.config.vocab_size, seed=0)
    expected = theirs(ids, mask.long(), output_hidden_states=True)
    got = ours(ids, mask, output_hidden_states=True)
    shift = torch.randn(got.pooler_output.shape, generator=torch.Generator().manual_seed(0))
    for output in (got, expected):
        (output.pooler_output * shift).sum().backward()
    states = apart(*(levels(output, "hidden_states") for output in (got, expected)))
    vector = {"vector": difference(got.pooler_output, expected.pooler_output, floor=0.0)}
    grads = gradient_differences(published_gradients(ours, TABLES[network]), gradients(theirs), floor=0.0)
    assert_within(LIMIT, states | vector | grads)


def their_results(name, sizes, folder):
    """(the step, its numbers, every gradient): transformers' network is made, saved, run, and gone."""
    encoder = reference_models.dpr(transformers.DPRQuestionEncoder, BERT_BASE, 0, "sdpa", STD)
    theirs = reference_models.rag(PAIRS[name][1], encoder, reference_models.bart(sizes, 1, "sdpa", STD))
    theirs.save_pretrained(folder)
    theirs.rag.generator.config.output_hidden_states = True
    step = random_step([24, 17], [96, 64, 80, 96, 50, 77], [6, 5], theirs, seed=0)
    output = their_output(theirs, step)
    backward(output, step)
    return step, numbers(output, step), gradients(theirs)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("token", BART_BASE), ("sequence", BART_BASE), ("sequence", BART_LARGE)],
    ids=["token-base", "sequence-base", "sequence-large"],
)
def test_rag_gives_their_states_logits_loss_and_gradients(name, sizes):
    with TemporaryDirectory() as folder:
        step, expected, their_gradients = their_results(name, sizes, folder)
        ours = PAIRS[name][0].from_pretrained(folder)
    output = our_output(ours, step, output_hidden_states=True)
    backward(output, step)
    own = published_gradients(ours.rag, RAG_FOR_GENERATION)
    assert_within(LIMIT, apart(numbers(output, step), expected) | gradient_differences(own, their_gradients, floor=0.0))
