"""What is the simplest way to decode? Take the most likely token, again and again.

Paper     RAG App. A (question answering is decoded greedily)
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_greedy.py

The answer is that of a beam search with one beam, in a loop that fits on a page.
"""

import torch

from minirag.decoding.beam_search import Hypothesis, SearchOptions, Step, constrain, penalised


def greedy_search(
    step: Step, batch_size: int, options: SearchOptions, device: torch.device | str | None = None
) -> list[list[Hypothesis]]:
    """y_t = argmax_v log p(v | y_<t), until eos or max_length: one answer for each question. No beams but one."""
    if options.num_beams != 1:
        raise ValueError(f"num_beams={options.num_beams}: greedy search has one beam")
    answers = torch.full((batch_size, 1, 1), options.decoder_start_token_id, device=device)  # (B, 1, t)
    token_logprobs = scores = torch.zeros(batch_size, 0, device=device)  # (B, n)
    ended = torch.zeros(batch_size, dtype=torch.bool, device=device)
    parents = None
    while answers.shape[2] < options.max_length and not ended.all():
        next_logprobs = step(answers, parents)  # (B, 1, V)
        score, token = constrain(next_logprobs, answers.shape[2], options).max(dim=2)  # (B, 1)
        token_logprob = next_logprobs.gather(2, token[:, :, None])[:, :, 0]
        answers = torch.cat([answers, token[:, :, None]], dim=2)
        token_logprobs, scores = torch.cat([token_logprobs, token_logprob], 1), torch.cat([scores, score], 1)
        ended = ended | (token[:, 0] == options.eos_token_id)
        parents = torch.zeros_like(token)
    rows = zip(answers[:, 0].tolist(), token_logprobs.tolist(), scores.tolist(), strict=True)
    return [[up_to_eos(tokens, logprobs, score, options)] for tokens, logprobs, score in rows]


def up_to_eos(
    tokens: list[int], token_logprobs: list[float], scores: list[float], options: SearchOptions
) -> Hypothesis:
    """One row as an answer: what was written behind its eos, while longer rows went on, is cut away."""
    n = len(token_logprobs)
    if options.eos_token_id in tokens[1:]:
        n = tokens.index(options.eos_token_id, 1)
    return Hypothesis(tokens[: n + 1], token_logprobs[:n], penalised(sum(scores[:n]), n, options))
