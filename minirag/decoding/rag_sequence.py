"""How does RAG-Sequence write an answer? A beam search per passage, then the marginal likelihood of what they found.

Paper     RAG §2.5 (RAG-Sequence: thorough and fast decoding)
Tutorial  tutorials/15_rag_sequence_decoding.py
Tests     tests/decoding/test_rag_sequence.py, tests/crosscheck/test_decoding.py

p(y|x) = Σ_z p(z|x) p(y|x,z) does not break into next-token factors, so no single beam search finds its maximum. Each
passage proposes the answers in its own beams; each distinct one is a candidate, ranked by p(y|x) alone: length penalty
and constraints shaped the beams only, and forced tokens count with the probability that the model gives them. What is
scored is every token after the start token, eos included if the answer got that far. How the scores are come by without
reading everything again: candidate_scores.py.

Axes: B questions, K passages, W beams, C candidates of one question, S source tokens.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minirag.decoding.bart import bart_step, step_with
from minirag.decoding.beam_search import Hypothesis
from minirag.decoding.candidate_scores import distinct_answers, proposed_table, score_the_rest
from minirag.decoding.search import search
from minirag.decoding.search_options import SearchOptions, for_rows
from minirag.likelihood import NEVER
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.decoder_cache import DecoderCache


@dataclass(frozen=True)
class Candidate:
    """An answer, and log p(y|x) of RAG-Sequence: exact in thorough decoding, a lower bound in fast decoding."""

    tokens: list[int]  # the start token included
    logprob: float


@torch.no_grad()
def thorough(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "BK S D"],
    encoder_mask: Bool[Tensor, "BK S"],
    doc_logprobs: Float[Tensor, "B K"],
    options: SearchOptions,
    use_cache: bool = True,
    do_deduplication: bool = True,
) -> list[list[Candidate]]:
    """argmax_{y in Y} Σ_z p(z|x) p(y|x,z), Y all answers in any passage's beams: no y goes unscored that may be the best.

    Each question's candidates, best first, num_return_sequences at most. Rows are ordered by question, then passage;
    nothing is encoded again. (transformers encodes, and retrieves, again for every candidate, and leaves a leading bos
    out of the score.)
    """
    rows = encoder_hidden, encoder_mask, doc_logprobs
    sources = start_sources(generator, *rows)
    found = candidates_per_passage(generator, *rows, options, use_cache, sources)
    tables = [proposed_table(beams, prior) for beams, prior in zip(found, doc_logprobs, strict=True)]
    score_the_rest(generator, sources, tables, options.num_return_sequences)
    ranked = []
    for beams, table in zip(found, tables, strict=True):
        scores = table.scores()  # of every answer that may be among the best
        answers = [y for y in proposed_answers(beams, do_deduplication) if tuple(y) in scores]
        ranked.append(rank(answers, [scores[tuple(y)] for y in answers], options.num_return_sequences))
    return ranked


@torch.no_grad()
def fast(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "BK S D"],
    encoder_mask: Bool[Tensor, "BK S"],
    doc_logprobs: Float[Tensor, "B K"],
    options: SearchOptions,
    use_cache: bool = True,
    do_deduplication: bool = True,
) -> list[list[Candidate]]:
    """argmax_{y in Y} Σ_{z: y in z's beams} p(z|x) p(y|x,z): 0 for a passage that did not propose y. No more passes."""
    found = candidates_per_passage(generator, encoder_hidden, encoder_mask, doc_logprobs, options, use_cache)
    ranked = []
    for beams, prior in zip(found, doc_logprobs, strict=True):
        scores = proposed_table(beams, prior).known()
        answers = proposed_answers(beams, do_deduplication)
        ranked.append(rank(answers, [scores[tuple(y)] for y in answers], options.num_return_sequences))
    return ranked


def candidates_per_passage(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "BK S D"],
    encoder_mask: Bool[Tensor, "BK S"],
    doc_logprobs: Float[Tensor, "B K"],
    options: SearchOptions,
    use_cache: bool = True,
    sources: DecoderCache | None = None,
) -> list[list[list[Hypothesis]]]:
    """found[b][k]: the W best answers to question b that passage k alone would give. A missing passage finds none.

    sources: `start_sources`, where they serve another purpose, too.

    All passages of all questions are searched as one batch. prefix_allowed_tokens_fn is asked about questions (in
    transformers about passages, by their number). ValueError for do_sample.
    """
    if options.do_sample:
        raise ValueError("do_sample=True: RAG-Sequence looks for the best answer; draw answers from RAG-Token")
    B, K = doc_logprobs.shape
    real = doc_logprobs.flatten() > NEVER  # (B*K,)
    all_beams = replace(options, num_return_sequences=options.num_beams)
    per_passage = for_rows(all_beams, (real.nonzero()[:, 0] // K).tolist())
    normalise = options.num_beams > 1  # as `bart_decode`
    if use_cache:
        cache = sources or start_sources(generator, encoder_hidden, encoder_mask, doc_logprobs)
        step = step_with(generator, cache.afresh(beams=options.num_beams), normalise)
    else:
        step = bart_step(generator, encoder_hidden[real], encoder_mask[real], options.num_beams, False, normalise)
    found = iter(search(step, int(real.sum()), per_passage, encoder_hidden.device))
    rows = [next(found) if there else [] for there in real.tolist()]
    return [rows[b * K : (b + 1) * K] for b in range(B)]


def start_sources(
    generator: BartForConditionalGeneration,
    encoder_hidden: Float[Tensor, "BK S D"],
    encoder_mask: Bool[Tensor, "BK S"],
    doc_logprobs: Float[Tensor, "B K"],
) -> DecoderCache:
    """Keys and values of every passage that is there, projected once: for its own search, and for all candidates after it."""
    real = doc_logprobs.flatten() > NEVER  # (B*K,)
    return generator.start_cache(encoder_hidden[real], encoder_mask[real])


def proposed_answers(beams: list[list[Hypothesis]], do_deduplication: bool) -> list[list[int]]:
    """Each answer once, or once for every passage that found it."""
    return distinct_answers(beams) if do_deduplication else [h.tokens for beam in beams for h in beam]


def rank(answers: list[list[int]], logprobs: list[float], limit: int) -> list[Candidate]:
    """Best first, `limit` at most."""
    candidates = [Candidate(*pair) for pair in zip(answers, logprobs, strict=True)]
    return sorted(candidates, key=lambda candidate: candidate.logprob, reverse=True)[:limit]
