"""What else could the answer be? Answers drawn at random, token by token, from what the model expects.

Paper     none: RAG decodes by beam search. Top-k: Fan et al. 2018, §5.4; top-p: Holtzman et al. 2019, §3.1
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_sampling.py, tests/crosscheck/test_sampling.py

y_t ~ q(· | y_<t), where q is the model's distribution after the constraints, the temperature, top-k and top-p, in this
order. With temperature 1, top_k 0, top_p 1 and no constraint, q = p: an answer is drawn with its own probability.

Axes: B questions, W answers drawn for each (num_return_sequences), V vocabulary.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minirag.decoding.beam_search import Hypothesis, Step
from minirag.decoding.constraints import NEVER
from minirag.decoding.greedy import write
from minirag.decoding.search_options import SearchOptions


def sample(
    step: Step, batch_size: int, options: SearchOptions, device: torch.device | str | None = None
) -> list[list[Hypothesis]]:
    """y ~ Π_t q(y_t | y_<t): num_return_sequences answers of each question, in the order drawn; one may come twice.

    With a seed every question has a random stream of its own: it gets the same answers in any batch. `step` may give
    logits instead of log-probabilities: see constraints.py.
    """
    streams = [random_stream(options.seed, device) for _ in range(batch_size)]

    def draw(scores: Float[Tensor, "B W V"]) -> tuple[Int[Tensor, "B W"], Float[Tensor, "B W V"]]:
        logprobs = narrow(scores, options).log_softmax(dim=2)
        rows = zip(logprobs.exp(), streams, strict=True)
        return torch.stack([torch.multinomial(q, 1, generator=stream)[:, 0] for q, stream in rows]), logprobs

    return write(step, batch_size, options, draw, device)


def random_stream(seed: int | None, device: torch.device | str | None) -> torch.Generator | None:
    """None is torch's own stream, which torch.manual_seed sets."""
    return None if seed is None else torch.Generator(device or "cpu").manual_seed(seed)


def narrow(scores: Float[Tensor, "B W V"], options: SearchOptions) -> Float[Tensor, "B W V"]:
    """The scores whose softmax is q."""
    scores = scores / options.temperature
    if options.top_k > 0:
        scores = keep_top_k(scores, options.top_k)
    if options.top_p < 1.0:
        scores = keep_top_p(scores, options.top_p)
    return scores


def keep_top_k(scores: Float[Tensor, "B W V"], k: int) -> Float[Tensor, "B W V"]:
    """−inf for all tokens that score less than the k-th best."""
    kth_best = scores.topk(min(k, scores.shape[2])).values[:, :, -1:]  # (B, W, 1)
    return scores.masked_fill(scores < kth_best, NEVER)


def keep_top_p(scores: Float[Tensor, "B W V"], p: float) -> Float[Tensor, "B W V"]:
    """−inf for the least likely tokens, as many as together have a probability of at most 1 − p; not for the best one."""
    ascending, tokens = scores.sort(dim=2)
    dropped = ascending.softmax(dim=2).cumsum(dim=2) <= 1 - p
    dropped[:, :, -1] = False
    return scores.masked_fill(dropped.scatter(2, tokens, dropped), NEVER)
