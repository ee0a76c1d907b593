"""What is the simplest way to decode? Take the most likely token, again and again.

Paper     RAG App. A (question answering is decoded greedily)
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_greedy.py

The loop also serves sampling.py, which differs in how a token is chosen. Axes: B questions, W answers of each that are
written side by side (greedy search writes one), t tokens so far, n = t − 1 tokens generated, V vocabulary.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minirag.decoding.beam_search import Hypothesis, Step, no_answer
from minirag.decoding.constraints import NEVER, constrain, force
from minirag.decoding.search_options import SearchOptions, for_rows

# choose(constrained scores) = the next token of each answer, and log q of all tokens that it was chosen from
Choose = Callable[[Float[Tensor, "B W V"]], tuple[Int[Tensor, "B W"], Float[Tensor, "B W V"]]]


def greedy_search(
    step: Step, batch_size: int, options: SearchOptions, device: torch.device | str | None = None
) -> list[list[Hypothesis]]:
    """y_t = argmax_v log p(v | y_<t), until eos or max_length: one answer for each question. No beams but one.

    `step` may give logits instead of log-probabilities: see constraints.py.
    """
    if options.num_beams != 1:
        raise ValueError(f"num_beams={options.num_beams}: greedy search has one beam")
    return write(step, batch_size, options, most_likely, device)


def most_likely(scores: Float[Tensor, "B W V"]) -> tuple[Int[Tensor, "B W"], Float[Tensor, "B W V"]]:
    """argmax_v q(v)."""
    return scores.argmax(dim=2), scores.log_softmax(dim=2)


def write(
    step: Step, batch_size: int, options: SearchOptions, choose: Choose, device: torch.device | str | None = None
) -> list[list[Hypothesis]]:
    """One token after another, without turning back. ValueError where the constraints leave a question no token."""
    shape = (batch_size, options.width)
    answers = torch.full((*shape, 1), options.decoder_start_token_id, device=device)  # (B, W, t)
    token_logprobs = scores = torch.zeros(*shape, 0, device=device)  # (B, W, n)
    ended = torch.zeros(shape, dtype=torch.bool, device=device)
    parents, stay = None, torch.arange(options.width, device=device).expand(shape)
    while answers.shape[2] < options.max_length and not ended.all():
        next_scores = step(answers, parents)  # (B, W, V)
        allowed = constrain_answers(answers, next_scores, options)
        allowed = torch.where(ended[:, :, None], force(next_scores, options.pad_token_id), allowed)
        check_possible(allowed)
        token, logprobs = choose(allowed)
        token_logprobs = torch.cat([token_logprobs, picked(next_scores.log_softmax(dim=2), token)], dim=2)
        scores = torch.cat([scores, picked(logprobs, token)], dim=2)
        answers, parents = torch.cat([answers, token[:, :, None]], dim=2), stay
        ended = ended | (token == options.eos_token_id)
    return [
        [up_to_eos(*parts, options.eos_token_id) for parts in zip(*rows, strict=True)]
        for rows in zip(answers.tolist(), token_logprobs.tolist(), scores.tolist(), strict=True)
    ]


def constrain_answers(
    answers: Int[Tensor, "B W t"], scores: Float[Tensor, "B W V"], options: SearchOptions
) -> Float[Tensor, "B W V"]:
    """`constrain`, where each answer stands alone: a question's beams make up for one another, these must all go on."""
    B, W = answers.shape[:2]
    alone = for_rows(options, [question for question in range(B) for _ in range(W)])
    rows = constrain(answers.flatten(0, 1)[:, None], scores.flatten(0, 1)[:, None], alone)  # (B*W, 1, V)
    return rows[:, 0].unflatten(0, (B, W))


def check_possible(allowed: Float[Tensor, "B W V"]) -> None:
    impossible = ~(allowed.amax(dim=2) > NEVER).all(dim=1)  # (B,); NaN, too
    if impossible.any():
        raise ValueError(no_answer(int(impossible.int().argmax())))


def picked(logprobs: Float[Tensor, "B W V"], token: Int[Tensor, "B W"]) -> Float[Tensor, "B W 1"]:
    return logprobs.gather(2, token[:, :, None])


def up_to_eos(tokens: list[int], token_logprobs: list[float], scores: list[float], eos_token_id: int) -> Hypothesis:
    """One row as an answer: what was written behind its eos, while longer rows went on, is cut away."""
    n = tokens.index(eos_token_id, 1) if eos_token_id in tokens[1:] else len(token_logprobs)
    return Hypothesis(tokens[: n + 1], token_logprobs[:n], sum(scores[:n]))
