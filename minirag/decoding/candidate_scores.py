"""What is p(y|x) of the candidates that may win? Exact where it decides, and not computed where it cannot.

Paper     RAG §2.5 (thorough decoding)
Tutorial  tutorials/15_rag_sequence_decoding.py
Tests     tests/decoding/test_rag_sequence.py, tests/decoding/test_candidate_scores.py (against plain_rag_sequence.py)

Thorough decoding fills a table: log p(y_c | x, z_k) of each candidate under each passage. Three kinds of cells cost nothing:

    the passage proposed the candidate: its beam search has added up this very number;
    the passage is missing: its prior is 0;
    the candidate cannot win any more (candidate_bounds.py).

The others are read for all passages of all questions as one batch, each passage's candidates as one tree
(answer_tree.py): two tokens deep, then 6, 14, 30, …, and after each round what has become hopeless is dropped.

Axes: B questions, K passages, C distinct candidates of one question.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minirag.decoding.answer_tree import AnswerTree, read_level
from minirag.decoding.beam_search import Hypothesis
from minirag.decoding.candidate_bounds import lower_bound, may_win
from minirag.likelihood import NEVER
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.decoder_cache import DecoderCache

FIRST_ROUND = range(2)  # tokens: most candidates that a passage did not propose show soon how little it thinks of them


@dataclass
class ScoreTable:
    """One question's candidates. A cell that is not `whole` holds the log-probability of the tokens read so far."""

    answers: list[list[int]]
    prior: Float[Tensor, " K"]
    logprobs: Float[Tensor, "C K"]
    whole: Bool[Tensor, "C K"]

    def needed(self, limit: int, slack: float) -> Bool[Tensor, "C K"]:
        """The cells without which the `limit` best candidates are not known."""
        winners = may_win(self.prior, self.logprobs, self.whole, limit, slack)
        return winners[:, None] & ~self.whole & (self.prior > NEVER)

    def scores(self) -> dict[tuple[int, ...], float]:
        """log p(y|x) of every candidate that was scored under every passage."""
        complete = (self.whole | (self.prior == NEVER)).all(dim=1).tolist()
        return {
            answer: logprob for (answer, logprob), there in zip(self.known().items(), complete, strict=True) if there
        }

    def known(self) -> dict[tuple[int, ...], float]:
        """log Σ_{z: y was scored under z} p(z|x) p(y|x,z) of every candidate y: before any is read on, its fast score."""
        logprobs = lower_bound(self.prior, self.logprobs, self.whole).tolist()
        return {tuple(answer): logprob for answer, logprob in zip(self.answers, logprobs, strict=True)}


def proposed_table(beams: list[list[Hypothesis]], prior: Float[Tensor, " K"]) -> ScoreTable:
    """Each distinct answer, with log p(y|x,z) under the passages in whose beams it is."""
    proposed = [{tuple(h.tokens): h.logprob for h in beam} for beam in beams]
    answers = distinct_answers(beams)
    logprobs = [[found.get(tuple(answer), 0.0) for found in proposed] for answer in answers]
    whole = [[tuple(answer) in found for found in proposed] for answer in answers]
    return ScoreTable(
        answers,
        prior.to("cpu", torch.float64),
        torch.tensor(logprobs, dtype=torch.float64, device="cpu"),
        torch.tensor(whole, device="cpu"),
    )


def distinct_answers(beams: list[list[Hypothesis]]) -> list[list[int]]:
    """Y, the union of all passages' beams, in the order found."""
    return [list(tokens) for tokens in dict.fromkeys(tuple(h.tokens) for beam in beams for h in beam)]


def score_the_rest(
    generator: BartForConditionalGeneration, sources: DecoderCache, tables: list[ScoreTable], limit: int
) -> None:
    """Fill in what the `limit` best candidates of each question depend on; nothing is encoded or projected again.

    sources: one row for each passage that is there, by question, then passage. What rounding can do to a sum is taken for √ε
    of the generator's numbers: 3·10⁻⁴ nats in float32.
    """
    slack = torch.finfo(generator.embed_tokens.weight.dtype).eps ** 0.5
    passages = [(b, k) for b, table in enumerate(tables) for k in (table.prior > NEVER).nonzero()[:, 0].tolist()]
    number = {passage: row for row, passage in enumerate(passages)}
    trees: dict[tuple[int, int], AnswerTree] = {}
    rows: list[tuple[int, int]] = []
    depths, cache = FIRST_ROUND, None
    while (todo := needed_cells(tables, limit, slack)) != {}:
        before, rows = rows, list(todo)
        if cache is None:
            cache = sources.afresh(torch.tensor([number[row] for row in rows], device=sources.source_mask.device))
        elif rows != before:
            cache.keep(torch.tensor([before.index(row) for row in rows], device=sources.source_mask.device))
        asked = [[tables[b].answers[c] for c in cells] for (b, _), cells in todo.items()]
        sums = read_level(generator, cache, [trees.setdefault(row, AnswerTree()) for row in rows], asked, depths)
        for ((b, k), cells), row in zip(todo.items(), sums, strict=True):
            for c, logprob in zip(cells, row, strict=True):
                tables[b].logprobs[c, k] += logprob
                tables[b].whole[c, k] = len(tables[b].answers[c]) - 1 <= depths.stop
        depths = range(depths.stop, 2 * depths.stop + 2)


def needed_cells(tables: list[ScoreTable], limit: int, slack: float) -> dict[tuple[int, int], list[int]]:
    """(question, passage) → its candidates that have to be read on."""
    todo: dict[tuple[int, int], list[int]] = {}
    for b, table in enumerate(tables):
        for k, c in table.needed(limit, slack).T.nonzero().tolist():
            todo.setdefault((b, k), []).append(c)
    return todo
