"""What does decoding need of a model? A table of next-token probabilities, small enough to try every answer."""

from itertools import product

import torch
from torch import Tensor

from minirag.decoding.search_options import SearchOptions

START, EOS, PAD = 0, 1, 0


def options(**settings) -> SearchOptions:
    return SearchOptions(decoder_start_token_id=START, eos_token_id=EOS, pad_token_id=PAD, **settings)


class TabledModel:
    """log p(v | prefix) of every question and prefix, random and float64. Checks that `parents` tell the truth."""

    def __init__(self, questions: int, V: int, max_length: int, seed: int, spread: float = 2.0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.V, self.max_length, self.calls = V, max_length, 0
        self.tables = [
            {
                (START, *prefix): (spread * torch.randn(V, generator=generator, dtype=torch.float64)).log_softmax(dim=0)
                for length in range(max_length)
                for prefix in product(range(V), repeat=length)
            }
            for _ in range(questions)
        ]

    def only(self, question: int) -> "TabledModel":
        """The same model, asked one of its questions."""
        alone = TabledModel(0, self.V, self.max_length, seed=0)
        alone.tables = [self.tables[question]]
        return alone

    def step(self, prefixes: Tensor, parents: Tensor | None) -> Tensor:
        if parents is None:
            assert prefixes.shape[2] == 1 and (prefixes == START).all()
        else:
            grew_from = torch.stack([row[chosen] for row, chosen in zip(self.last, parents, strict=True)])
            assert torch.equal(prefixes[:, :, :-1], grew_from)
        self.last, self.calls = prefixes, self.calls + 1
        rows = [
            torch.stack([table[tuple(prefix)] for prefix in beams])
            for table, beams in zip(self.tables, prefixes.tolist(), strict=True)
        ]
        return torch.stack(rows)  # (B, W, V)

    def token_logprobs(self, question: int, answer: list[int]) -> list[float]:
        """log p(y_t | y_<t) of each token after the start."""
        table = self.tables[question]
        return [table[tuple(answer[:t])][answer[t]].item() for t in range(1, len(answer))]


def every_answer(V: int, max_length: int, min_length: int = 0) -> list[list[int]]:
    """Up to the first eos, or cut off at max_length; no eos among the first min_length tokens, the start counted."""
    ended = [
        [START, *tokens, EOS]
        for n in range(max_length - 1)
        for tokens in product(range(V), repeat=n)
        if EOS not in tokens and n + 1 >= min_length
    ]
    cut_off = [[START, *tokens] for tokens in product(range(V), repeat=max_length - 1) if EOS not in tokens]
    return ended + cut_off
