"""Is a token drawn from transformers 5.23.0's distribution? Every step of an answer that they drew, the same processed scores.

The same examples each time: a sum of probabilities that falls on 1 − top_p, but for rounding, would tip to either side. The
draws themselves are another matter: tests/decoding/test_sampling.py counts them.
"""

import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from minirag.decoding.bart import bart_step
from minirag.decoding.beam_search import Step
from minirag.decoding.greedy import constrain_answers
from minirag.decoding.rag_token import rag_token_step
from minirag.decoding.sampling import narrow
from minirag.decoding.search_options import SearchOptions, options_for
from minirag.likelihood import doc_logprobs
from tests.crosscheck.search_grid import constraints
from tests.crosscheck.tiny_bart import EOS, contexts, rag, tiny_pair, vocabulary

HOW = {"do_sample": True, "output_scores": True, "return_dict_in_generate": True}


@st.composite
def draws(draw: st.DrawFn) -> tuple[int, dict]:
    """(which pair, settings of a search that samples); the pair's number also seeds their draws."""
    seed, max_length = draw(st.integers(0, 7)), draw(st.integers(2, 9))
    limits = {
        "temperature": st.sampled_from([0.4, 1.0, 1.8]),
        "top_k": st.sampled_from([0, 1, 3, 10, 50, 99]),
        "top_p": st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    }
    chosen = draw(st.fixed_dictionaries({}, optional=limits))
    return seed, {"max_length": max_length, **chosen, **draw(constraints(vocabulary(seed), 1, max_length))}


def assert_same_distributions(out, step: Step, n: int, options: SearchOptions) -> None:
    """At every token of every answer that had not ended: the same tokens possible, with the same scores."""
    answers = out.sequences.view(-1, n, out.sequences.shape[1])  # (B, n, T)
    for t, theirs in enumerate(out.scores, start=1):
        prefixes = answers[:, :, :t]
        alive = ~(prefixes[:, :, 1:] == EOS).any(dim=2)  # (B, n)
        with torch.no_grad():
            ours = narrow(constrain_answers(prefixes, step(prefixes, None), options), options)[alive]
        assert_close(ours, theirs.view(*prefixes.shape[:2], -1)[alive])


def assert_close(ours: Tensor, theirs: Tensor) -> None:
    assert torch.equal(ours.isneginf(), theirs.isneginf())
    assert ours.isneginf().all(dim=1).logical_not().all()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.softmax(dim=1), theirs.softmax(dim=1), rtol=0, atol=1e-5)


@settings(max_examples=60, derandomize=True)
@given(case=draws(), n=st.integers(1, 3))
def test_bart_draws_from_the_same_distribution_at_every_step(case, n):
    pair, search = tiny_pair(case[0]), case[1]
    torch.manual_seed(case[0])
    out = pair.theirs.generate(pair.input_ids, attention_mask=pair.mask.long(), num_return_sequences=n, **HOW, **search)
    options = options_for(pair.ours.config, {"do_sample": True, "num_return_sequences": n, **search})
    assert_same_distributions(out, bart_step(pair.ours, *pair.encoded(), n, False, normalise=False), n, options)


@settings(max_examples=40, derandomize=True)
@given(case=draws())
def test_rag_token_draws_from_the_same_distribution_at_every_step(case):
    pair, search = tiny_pair(case[0]), case[1]
    torch.manual_seed(case[0])
    out = rag(transformers.RagTokenForGeneration, pair).generate(**contexts(pair), **HOW, **search)
    step = rag_token_step(pair.ours, *pair.encoded(), doc_logprobs(pair.doc_scores), 1, use_cache=False)
    assert_same_distributions(out, step, 1, options_for(pair.ours.config, {"do_sample": True, **search}))
