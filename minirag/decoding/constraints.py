"""Which tokens may come next, and which are made less likely? Every constraint, each a function of its own.

Paper     none for most: RAG decodes with BART's settings, which are those of transformers 5.23.0 (names, order, numbers)
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_constraints.py, tests/crosscheck/test_decoding.py, tests/crosscheck/test_sampling.py

A constraint reads W prefixes of each question and the scores of all next tokens, and returns scores: −inf for a token
that must not come. Scores are log-probabilities in beam search and in RAG-Token; where BART is decoded greedily or drawn
from they are its logits, as in transformers, and only `penalise_repetition` makes a difference of that. What is left is
not normalised again.

Axes: B questions, W prefixes of each, t tokens so far (start included), V vocabulary.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.decoding.search_options import AllowedTokens, SearchOptions

NEVER = float("-inf")  # log 0


def constrain(
    prefixes: Int[Tensor, "B W t"], scores: Float[Tensor, "B W V"], options: SearchOptions
) -> Float[Tensor, "B W V"]:
    """All constraints that the options ask for, one after the other."""
    length = prefixes.shape[2]
    if options.repetition_penalty != 1.0:
        scores = penalise_repetition(prefixes, scores, options.repetition_penalty)
    if options.no_repeat_ngram_size > 0:
        scores = forbid_repeated_ngrams(prefixes, scores, options.no_repeat_ngram_size)
    if options.bad_words_ids is not None:
        scores = forbid_words(prefixes, scores, options.bad_words_ids, options.eos_token_id)
    if length < options.min_length:
        scores = forbid(scores, options.eos_token_id)
    if options.prefix_allowed_tokens_fn is not None:
        scores = allow_only(prefixes, scores, options.prefix_allowed_tokens_fn)
    if length == 1 and options.forced_bos_token_id is not None:
        scores = force(scores, options.forced_bos_token_id)
    if length == options.max_length - 1 and options.forced_eos_token_id is not None:
        scores = force(scores, options.forced_eos_token_id)
    return scores


def penalise_repetition(
    prefixes: Int[Tensor, "B W t"], scores: Float[Tensor, "B W V"], penalty: float
) -> Float[Tensor, "B W V"]:
    """s_v · penalty where s_v < 0, s_v / penalty where not, for every token v of the prefix."""
    there = scores.gather(2, prefixes)  # (B, W, t)
    return scores.scatter(2, prefixes, torch.where(there < 0, there * penalty, there / penalty))


def forbid_repeated_ngrams(
    prefixes: Int[Tensor, "B W t"], scores: Float[Tensor, "B W V"], n: int
) -> Float[Tensor, "B W V"]:
    """−inf for v where the last n − 1 tokens, followed by v, occur in the prefix already (start token included)."""
    t = prefixes.shape[2]
    if t < n:
        return scores
    ngrams = prefixes.unfold(2, n, 1)  # (B, W, t − n + 1, n)
    begun = (ngrams[..., :-1] == prefixes[:, :, None, t - n + 1 :]).all(dim=3)  # (B, W, t − n + 1)
    return scores.masked_fill(tokens_of(ngrams[..., -1], begun, scores), NEVER)


def tokens_of(
    tokens: Int[Tensor, "B W m"], chosen: Bool[Tensor, "B W m"], scores: Float[Tensor, "B W V"]
) -> Bool[Tensor, "B W V"]:
    """True for every v that is one of the chosen tokens."""
    counts = torch.zeros_like(scores, dtype=torch.int).scatter_add(2, tokens, chosen.int())
    return counts > 0


def forbid_words(
    prefixes: Int[Tensor, "B W t"], scores: Float[Tensor, "B W V"], words: list[list[int]], eos_token_id: int
) -> Float[Tensor, "B W V"]:
    """−inf for the last token of each word whose tokens before it end the prefix. eos alone is no word: one may stop."""
    forbidden = torch.zeros_like(scores, dtype=torch.bool)
    for *beginning, last in words:
        first = prefixes.shape[2] - len(beginning)
        if first >= 0 and (beginning or last != eos_token_id):
            ends = prefixes[:, :, first:] == prefixes.new_tensor(beginning)  # (B, W, the length of the beginning)
            forbidden[:, :, last] |= ends.all(dim=2)
    return scores.masked_fill(forbidden, NEVER)


def forbid(scores: Float[Tensor, "B W V"], token: int) -> Float[Tensor, "B W V"]:
    """−inf for one token."""
    return scores.index_fill(2, torch.tensor([token], device=scores.device), NEVER)


def allow_only(
    prefixes: Int[Tensor, "B W t"], scores: Float[Tensor, "B W V"], allowed_tokens: AllowedTokens
) -> Float[Tensor, "B W V"]:
    """−inf for all but allowed_tokens(b, prefix).

    Where earlier constraints leave no prefix of a question an allowed token, the allowed ones count as certain. An empty
    list ends its prefix there (in transformers, the whole search, with an error).
    """
    refused = torch.full_like(scores, NEVER)
    for b, beams in enumerate(prefixes):
        for w, prefix in enumerate(beams):
            refused[b, w, allowed_ids(allowed_tokens, b, prefix, scores.shape[2])] = 0.0
    allowed = scores + refused
    stuck = (allowed == NEVER).all(dim=2).all(dim=1)  # (B,)
    return torch.where(stuck[:, None, None], refused, allowed)


def allowed_ids(allowed_tokens: AllowedTokens, question: int, prefix: Int[Tensor, " t"], V: int) -> list[int]:
    ids = list(allowed_tokens(question, prefix))
    for token in ids:
        if not 0 <= token < V:
            raise ValueError(f"prefix_allowed_tokens_fn({question}, {prefix.tolist()}): no token has the id {token}")
    return ids


def force(scores: Float[Tensor, "B W V"], token: int) -> Float[Tensor, "B W V"]:
    """log 1 for one token, log 0 for all others."""
    forced = torch.full_like(scores, NEVER)
    forced[:, :, token] = 0.0
    return forced
