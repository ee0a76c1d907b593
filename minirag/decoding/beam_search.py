"""Which answers are likely, when there are too many to try them all? Beam search over any next-token distribution.

Paper     RAG §2.5 (ordinary beam search); what is kept and when it stops follows transformers 5.23.0, token for token
Tutorial  tutorials/13_beam_search.py
Tests     tests/decoding/test_beam_search.py, tests/crosscheck/test_decoding.py

The search knows nothing of a network. It asks `step`: after each of these W prefixes, how likely is each next token?
Every round (1) grows each prefix by every token and keeps the best 2W, (2) moves those that ended into the question's
pool of finished answers, which holds W at most, (3) goes on with the best W of the others. At most W of the 2W can end,
one per prefix, so W always remain to go on with.

Axes: B questions, W beams, t tokens so far (start included), n = t − 1 tokens generated, V vocabulary, C continuations.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minirag.decoding.best_tokens import best_tokens
from minirag.decoding.constraints import constrain
from minirag.decoding.search_options import SearchOptions, for_rows

# step(prefixes, parents)[b, w, v] = log p(v | prefix w of question b). parents[b, w] is the beam of the previous call
# that the prefix grew from, for steps with a cache. At the first call, on W copies of the start token, it is None.
Step = Callable[[Int[Tensor, "B W t"], Int[Tensor, "B W"] | None], Float[Tensor, "B W V"]]

MANY_STAY = 0.75  # of the questions asked about: with more than that, leaving the others out is not worth the copy


@dataclass(frozen=True)
class LeavingStep:
    """A step whose questions may leave: keep(rows) says which rows of its batch it will be asked about from now on."""

    step: Step
    keep: Callable[[Int[Tensor, " b"]], None]

    def __call__(self, prefixes: Int[Tensor, "B W t"], parents: Int[Tensor, "B W"] | None) -> Float[Tensor, "B W V"]:
        return self.step(prefixes, parents)


NOT_THERE = float("-inf")  # the score of a beam that does not exist


@dataclass(frozen=True)
class Hypothesis:
    """One answer. `logprob` is the model's own; `score` is what the search went by, constraints included:

    of beams Σ_t constrained log p(y_t | y_<t) / n ** length_penalty, else Σ_t log q(y_t | y_<t), q normalised again.
    """

    tokens: list[int]  # from the start token to eos, or as far as max_length
    token_logprobs: list[float]  # log p(y_t | y_<t) of every token after the start, as `step` gave it
    score: float

    @property
    def logprob(self) -> float:
        """Σ_t log p(y_t | y_<t)."""
        return sum(self.token_logprobs)


@dataclass(frozen=True)
class Beams:
    """Prefixes of each question, best first."""

    tokens: Int[Tensor, "B C t"]
    token_logprobs: Float[Tensor, "B C n"]
    scores: Float[Tensor, "B C"]  # Σ_t constrained log p(y_t | y_<t); NOT_THERE: no such prefix
    parents: Int[Tensor, "B C"] | None = None  # the beam each one grew from

    def of(self, rows: Int[Tensor, " b"]) -> "Beams":
        """Those of some of the questions."""
        parents = None if self.parents is None else self.parents[rows]
        return Beams(self.tokens[rows], self.token_logprobs[rows], self.scores[rows], parents)


@dataclass
class FinishedPool:
    """The best W finished hypotheses of one question, best first."""

    size: int
    hypotheses: list[Hypothesis] = field(default_factory=list)
    closed: bool = False  # nothing can get in any more

    def add(self, hypothesis: Hypothesis) -> None:
        self.hypotheses = sorted([*self.hypotheses, hypothesis], key=lambda h: h.score, reverse=True)[: self.size]

    def close_if_settled(self, best_live: float, n: int, options: SearchOptions) -> None:
        """Full, and told to stop at that (early_stopping), or nothing alive would be better than the worst in here.

        How good the best live prefix of n tokens can still be is guessed: its score as if it ended here, or, for
        early_stopping="never", as if the rest, up to max_length, came for nothing, where the length penalty makes that
        the better of the two.
        """
        if options.early_stopping == "never" and options.length_penalty > 0:
            n = options.max_length - 1
        full = len(self.hypotheses) == self.size
        worst = self.hypotheses[-1].score if full else NOT_THERE
        settled = penalised(best_live, n, options) <= worst
        self.closed = self.closed or settled or (full and options.early_stopping is True)


def beam_search(
    step: Step, batch_size: int, options: SearchOptions, device: torch.device | str | None = None
) -> list[list[Hypothesis]]:
    """argmax_y log p(y) / n ** length_penalty, approximately: the best answers of each question, best first.

    Questions do not influence one another. One whose pool is closed waits for the others, until a quarter of those that
    are asked about wait: if `step` can do without them (LeavingStep), they are asked about no more. Fewer than
    num_return_sequences come back where fewer exist. ValueError where `step` or a constraint left a question no answer.
    """
    beams = first_beams(batch_size, options, device)
    pools = [FinishedPool(options.num_beams) for _ in range(batch_size)]
    asked = list(range(batch_size))  # row r of `beams` belongs to question asked[r]
    for length in range(2, options.max_length + 1):
        grown = grow(beams, step(beams.tokens, beams.parents), for_rows(options, asked))
        ended = (grown.tokens[:, :, -1] == options.eos_token_id) | (length == options.max_length)
        open_pools = [pools[question] for question in asked]
        collect(grown, ended, open_pools, options)
        beams = survivors(grown, ended, options.num_beams)
        for pool, best_score in zip(open_pools, beams.scores[:, 0].tolist(), strict=True):
            pool.close_if_settled(best_score, length - 1, options)
        still = [row for row, pool in enumerate(open_pools) if not pool.closed]
        if not still:
            break
        if isinstance(step, LeavingStep) and len(still) <= MANY_STAY * len(asked):
            asked = [asked[row] for row in still]
            rows = torch.tensor(still, device=beams.tokens.device)
            beams = beams.of(rows)
            step.keep(rows)
    check_answered(pools)
    return [pool.hypotheses[: options.num_return_sequences] for pool in pools]


def first_beams(batch_size: int, options: SearchOptions, device: torch.device | str | None) -> Beams:
    """W copies of the start token, of which only the first exists: otherwise W equal beams would grow the same way."""
    shape = (batch_size, options.num_beams)
    tokens = torch.full((*shape, 1), options.decoder_start_token_id, device=device)
    scores = torch.full(shape, NOT_THERE, device=device)
    scores[:, 0] = 0.0
    return Beams(tokens, scores.new_empty(*shape, 0), scores)


def grow(beams: Beams, next_logprobs: Float[Tensor, "B W V"], options: SearchOptions) -> Beams:
    """The 2W best continuations of each question: score(prefix) + log p(v | prefix), over all prefixes and tokens v.

    None of them is behind 2W others of its own prefix, so those are looked for first.
    """
    W, V = next_logprobs.shape[1:]
    allowed = constrain(beams.tokens, next_logprobs, options)
    own, tokens = best_tokens(allowed, 2 * W)  # (B, W, C), C = min(2W, V)
    scores, best = (beams.scores[:, :, None] + own).flatten(1).topk(min(2 * W, own[0].numel()))  # (B, 2W)
    parents, token = best // own.shape[2], tokens.flatten(1).gather(1, best)
    token_logprob = next_logprobs.flatten(1).gather(1, parents * V + token)
    return Beams(
        tokens=torch.cat([take(beams.tokens, parents), token[:, :, None]], dim=2),
        token_logprobs=torch.cat([take(beams.token_logprobs, parents), token_logprob[:, :, None]], dim=2),
        scores=scores,
        parents=parents,
    )


def collect(grown: Beams, ended: Bool[Tensor, "B C"], pools: list[FinishedPool], options: SearchOptions) -> None:
    """Put into each open pool what ended among the W best; the W behind them only keep the search alive."""
    finished = ended & (grown.scores > NOT_THERE)
    for question, rank in finished[:, : options.num_beams].nonzero().tolist():
        if not pools[question].closed:
            token_logprobs = grown.token_logprobs[question, rank].tolist()
            score = penalised(grown.scores[question, rank].item(), len(token_logprobs), options)
            pools[question].add(Hypothesis(grown.tokens[question, rank].tolist(), token_logprobs, score))


def survivors(grown: Beams, ended: Bool[Tensor, "B C"], num_beams: int) -> Beams:
    """The W best that did not end. Where fewer exist, copies of the best fill up: no other prefix is ever asked about."""
    scores, live = grown.scores.masked_fill(ended, NOT_THERE).topk(num_beams)  # (B, W)
    live = torch.where(scores > NOT_THERE, live, live[:, :1])
    parents = None if grown.parents is None else grown.parents.gather(1, live)
    return Beams(take(grown.tokens, live), take(grown.token_logprobs, live), scores, parents)


def check_answered(pools: list[FinishedPool]) -> None:
    for question, pool in enumerate(pools):
        if not pool.hypotheses:
            raise ValueError(no_answer(question))


def no_answer(question: int) -> str:
    return f"question {question} of the batch has no answer: every next token is forbidden, or has probability 0 or NaN"


def penalised(score: float, tokens: int, options: SearchOptions) -> float:
    """score / n ** length_penalty."""
    return score / tokens**options.length_penalty


def take(rows: Tensor, chosen: Int[Tensor, "B C"]) -> Tensor:
    """out[b, c] = rows[b, chosen[b, c]]."""
    return rows.gather(1, chosen[:, :, None].expand(-1, -1, rows.shape[2]))
