"""bfloat16 against transformers' bfloat16: weights of that type, and autocast over float32 weights.

The two round at other places (fused attention, the order of sums), so neither is the other's measure: both are held against
transformers' float32, and each other, in the mean over all numbers. A rounding to bfloat16 is off by 2⁻⁸ of a number at
most and by 0.4 · 2⁻⁸ in the mean; states go through about six a layer; √6 · 0.4 ≈ 1: L layers should be off by 2⁻⁸ √L.
Measured: 0.0088 behind 6 layers (2⁻⁸ √6 = 0.0096), 0.0138 behind the 12 of BART base (0.0135), theirs and ours alike.
Autocast, which adds up and normalises in float32, comes to half of that. Ours and theirs are 0.0073 and 0.0104 apart.

Decoded tokens are not compared. The logits of a step lie within a few units, where bfloat16 counts in steps of 2⁻⁷ or 2⁻⁶:
two tokens are often equally good to the last bit, and which of them a search takes is not a matter of right and wrong.
"""

from functools import lru_cache

import pytest
import torch
import transformers

from minirag.model.name_tables import RAG_FOR_GENERATION
from tests.crosscheck import reference_models
from tests.crosscheck.differences import gradients, mean_difference, published_gradients
from tests.crosscheck.published_sizes import BART_BASE, BERT_BASE, STD
from tests.crosscheck.rag_steps import PAIRS, backward, our_output, random_step, their_output

ROUNDING = 2.0**-8
SLACK = 1.5  # for other CPUs, whose kernels sum in another order
SMALL = (
    {"vocab_size": 200, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64},
    {
        "vocab_size": 200,
        "d_model": 32,
        "encoder_layers": 3,
        "decoder_layers": 3,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
    },
    0.1,  # deviation of the weights
)
BASE = (BERT_BASE, BART_BASE, STD)
SEEDS = range(4)
ENCODER, GENERATOR = "gradient of the question encoder", "gradient of the generator"

every_loss = pytest.mark.parametrize("name", PAIRS)
every_way = pytest.mark.parametrize("autocast", [False, True], ids=["weights", "autocast"])
every_attention = pytest.mark.parametrize("attention", ["eager", "sdpa"])


def numbers(vector, output, found):
    """One flat tensor for each quantity; `found`: every parameter's gradient."""
    parts = {"vector": [vector], "logits": [output.logits], "loss": [output.loss]}
    parts[ENCODER] = [found[name] for name in sorted(found) if name.startswith("rag.question_encoder.")]
    parts[GENERATOR] = [found[name] for name in sorted(found) if name.startswith("rag.generator.")]
    return {name: torch.cat([t.detach().float().flatten() for t in tensors]) for name, tensors in parts.items()}


def our_numbers(model, step, autocast):
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        vector = model.question_encoder(step.question_ids, step.question_mask).pooler_output
        output = our_output(model, step)
    backward(output, step)
    return numbers(vector, output, published_gradients(model.rag, RAG_FOR_GENERATION))


def their_numbers(model, step, autocast):
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output = their_output(model, step)
    backward(output, step)
    return numbers(output.question_encoder_last_hidden_state, output, gradients(model))


def three_runs(sizes, name, autocast, attention, seed):
    """quantity → (ours, theirs, exact): both in bfloat16, and transformers in float32."""
    bert, bart, std = sizes
    encoder = reference_models.dpr(transformers.DPRQuestionEncoder, bert, seed, attention, std)
    theirs = reference_models.rag(PAIRS[name][1], encoder, reference_models.bart(bart, seed + 1, attention, std))
    ours = reference_models.opened_here(theirs, PAIRS[name][0].from_pretrained)
    step = random_step([12, 7, 9], [20, 13, 15, 20, 9, 18], [8, 6, 4], theirs, seed)
    exact = their_numbers(theirs, step, autocast=False)
    if not autocast:
        ours, theirs = ours.bfloat16(), theirs.bfloat16()
    mine, other = our_numbers(ours, step, autocast), their_numbers(theirs, step, autocast)
    return {part: (mine[part], other[part], exact[part]) for part in exact}


@lru_cache
def small_runs(name, autocast, attention):
    """The runs of every seed as one."""
    runs = [three_runs(SMALL, name, autocast, attention, seed) for seed in SEEDS]
    return {
        part: [torch.cat(tensors) for tensors in zip(*(run[part] for run in runs), strict=True)] for part in runs[0]
    }


def assert_apart_as_roundings_are(runs, part, layers):
    assert mean_difference(*runs[part]) <= SLACK * ROUNDING * layers**0.5, part


def assert_no_further_from_float32_than_theirs(runs):
    """Not by ratio: losses, a dozen numbers, and the question encoder's gradient, which a dozen posteriors decide. Theirs may
    be near by luck.
    """
    ours, _, exact = runs["loss"]
    assert mean_difference(ours, exact, exact) <= ROUNDING / 2
    for part in ("vector", "logits", GENERATOR):
        ours, theirs, exact = runs[part]
        assert mean_difference(ours, exact, exact) <= 1.25 * mean_difference(theirs, exact, exact), part


@every_way
@every_attention
def test_vectors_and_logits_agree_as_far_as_their_roundings_do(autocast, attention):
    runs = small_runs("token", autocast, attention)
    assert_apart_as_roundings_are(runs, "vector", layers=3)
    assert_apart_as_roundings_are(runs, "logits", layers=6)


@every_loss
@every_way
@every_attention
def test_nothing_is_further_from_float32_than_theirs(name, autocast, attention):
    assert_no_further_from_float32_than_theirs(small_runs(name, autocast, attention))


@every_loss
@every_attention
def test_the_likelihood_in_float32_keeps_the_question_encoders_gradient(name, attention):
    """posterior − prior is a small difference. transformers takes both in bfloat16 (deviation 10), and its gradient is off
    by half of its length; ours, of the same bfloat16 networks, by less than a tenth.
    """
    ours, theirs, exact = small_runs(name, False, attention)[ENCODER]
    assert mean_difference(ours, exact, exact) < 0.15
    assert mean_difference(theirs, exact, exact) > 0.3


@pytest.mark.slow
@every_loss
def test_both_hold_at_the_sizes_of_dpr_base_and_bart_base(name):
    runs = three_runs(BASE, name, autocast=False, attention="sdpa", seed=0)
    assert_apart_as_roundings_are(runs, "vector", layers=12)
    assert_apart_as_roundings_are(runs, "logits", layers=12)
    assert_no_further_from_float32_than_theirs(runs)
