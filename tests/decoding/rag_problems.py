"""What does RAG decode in tests? Questions with passages, drawn by hypothesis, and the four ways to answer them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from hypothesis import strategies as st
from torch import Tensor

from minirag.decoding.rag_sequence import fast, thorough
from minirag.decoding.rag_token import rag_token_decode
from minirag.likelihood import doc_logprobs
from minirag.model.bart import BartForConditionalGeneration
from tests.decoding.tiny_generator import options, ragged_sources, tiny_generator
from tests.strategies import passage_masks

Answers = list[list[tuple[list[int], float]]]  # of each question, best first: (tokens, log p(y|x))


@dataclass(frozen=True)
class RagProblem:
    """What a decoder reads. Rows of missing passages hold NaN; float64."""

    generator: BartForConditionalGeneration
    hidden: Tensor  # (B, K, S, D)
    mask: Tensor  # (B, K, S)
    doc_scores: Tensor  # (B, K)
    there: Tensor  # (B, K)

    @property
    def prior(self) -> Tensor:
        """log p(z|x)."""
        return doc_logprobs(self.doc_scores, self.there)

    def with_passages(self, columns: list[int], added: dict[int, float] | None = None) -> "RagProblem":
        """Passages columns[0], columns[1], …, with `added[i]` added to the score of the i-th of them."""
        scores = self.doc_scores[:, columns].clone()
        for i, amount in (added or {}).items():
            scores[:, i] += amount
        return replace(
            self,
            hidden=self.hidden[:, columns],
            mask=self.mask[:, columns],
            doc_scores=scores,
            there=self.there[:, columns],
        )

    def only(self, question: int) -> "RagProblem":
        """One question with the passages it has, and no more padding than they need."""
        there = self.there[question]
        mask = self.mask[question : question + 1, there]
        longest = int(mask.sum(dim=-1).max())
        return RagProblem(
            self.generator,
            self.hidden[question : question + 1, there, :longest],
            mask[:, :, :longest],
            self.doc_scores[question : question + 1, there],
            there[there][None],
        )


@st.composite
def drawn_problems(draw: st.DrawFn, max_questions: int = 2, max_passages: int = 3) -> tuple[int, Tensor]:
    """(seed, there) for `rag_problem`: a network is not made inside a strategy, where beartype's random choices would
    be taken for the strategy's own."""
    B, K = draw(st.integers(1, max_questions)), draw(st.integers(1, max_passages))
    return draw(st.integers(0, 2**31 - 1)), draw(passage_masks(B, K))


def rag_problem(seed: int, there: Tensor, vocabulary: int = 12) -> RagProblem:
    generator = tiny_generator(seed, vocabulary)
    hidden, mask = ragged_sources(generator, there.numel(), seed)
    hidden, mask = hidden.unflatten(0, there.shape), mask.unflatten(0, there.shape)
    return RagProblem(
        generator,
        hidden.masked_fill(~there[:, :, None, None], float("nan")),
        mask & there[:, :, None],
        torch.randn(there.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64),
        there,
    )


def rag_token_greedy(problem: RagProblem, use_cache: bool = True, **settings) -> Answers:
    return rag_token_beam(problem, use_cache, num_beams=1, **settings)


def rag_token_beam(problem: RagProblem, use_cache: bool = True, num_beams: int = 3, **settings) -> Answers:
    return decode(rag_token_decode, problem, use_cache, num_beams, settings)


def rag_sequence_thorough(problem: RagProblem, use_cache: bool = True, num_beams: int = 3, **settings) -> Answers:
    return decode(thorough, problem, use_cache, num_beams, settings)


def rag_sequence_fast(problem: RagProblem, use_cache: bool = True, num_beams: int = 3, **settings) -> Answers:
    return decode(fast, problem, use_cache, num_beams, settings)


def decode(search: Callable, problem: RagProblem, use_cache: bool, num_beams: int, settings: dict) -> Answers:
    wanted = options(**{"num_beams": num_beams, "num_return_sequences": num_beams, "max_length": 6, **settings})
    rows = problem.hidden.flatten(0, 1), problem.mask.flatten(0, 1)
    found = search(problem.generator, *rows, problem.prior, wanted, use_cache)
    return [[(answer.tokens, answer.logprob) for answer in answers] for answers in found]
