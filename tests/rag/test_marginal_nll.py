"""−log p(y|x) read in chunks is what likelihood.py defines, smoothed or not, with the same gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minirag import likelihood
from minirag.rag.marginal_nll import marginal_nll
from tests.model.networks import bart
from tests.strategies import lengths, passage_masks, ragged_mask

CLOSE = {"rtol": 1e-9, "atol": 1e-9}
SMOOTHED = {"token": likelihood.rag_token_smoothed_nll, "sequence": likelihood.rag_sequence_smoothed_nll}
V = 12


@st.composite
def problems(draw):
    """(states, doc_scores, doc_mask, targets, mask) with missing passages and padding."""
    B, K, T = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    doc_mask, mask = draw(passage_masks(B, K)), ragged_mask(draw(lengths(B, T)), T)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 999)))
    states = torch.randn(B, K, T, 16, generator=generator, dtype=torch.float64, requires_grad=True)
    scores = torch.randn(B, K, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(V, (B, T), generator=generator).masked_fill(~mask, -100)
    return states, scores, doc_mask, targets, mask


@pytest.mark.parametrize("variant", ["token", "sequence"])
@settings(max_examples=25)
@given(problem=problems(), epsilon=st.sampled_from([0.0, 0.1, 0.7]), chunk=st.integers(1, 30))
def test_the_loss_in_chunks_is_the_loss_from_all_logits_gradients_included(variant, problem, epsilon, chunk):
    states, scores, doc_mask, targets, mask = problem
    generator = bart(vocab_size=V).double()
    leaves = states, scores, generator.embed_tokens.weight
    prior = likelihood.doc_logprobs(scores, doc_mask)
    output_layer = generator.embed_tokens.weight, generator.logits_bias[0]
    chunked = marginal_nll(variant, output_layer, states, prior, targets, mask, epsilon, chunk)
    dense = SMOOTHED[variant](prior, generator.logits(states).log_softmax(dim=-1), targets, mask, epsilon)
    torch.testing.assert_close(chunked, dense, **CLOSE)
    weights = torch.arange(1.0, len(mask) + 1, dtype=torch.float64)
    expected = torch.autograd.grad((weights * dense).sum(), leaves, retain_graph=True)
    torch.testing.assert_close(torch.autograd.grad((weights * chunked).sum(), leaves), expected, **CLOSE)


def test_another_variant_is_refused_by_name():
    states, prior = torch.zeros(1, 1, 1, 16), torch.zeros(1, 1)
    targets, mask = torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.bool)
    with pytest.raises(ValueError, match="variant='tokn' is neither 'token' nor 'sequence'"):
        marginal_nll("tokn", (torch.zeros(V, 16), torch.zeros(V)), states, prior, targets, mask)
