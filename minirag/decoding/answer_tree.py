"""How likely are many answers, if what they have in common is read once? Their beginnings as a tree, read level by level.

Paper     RAG §2.5 (thorough decoding scores every candidate under every passage)
Tutorial  tutorials/15_rag_sequence_decoding.py
Tests     tests/decoding/test_answer_tree.py

Answers of a beam search mostly differ in a few words: "the river Rhine", "the river Rhône". A decoder that is taught each
of them reads "the river" twice, and projects its passage's keys and values twice. Here a passage has one tree, whose nodes
are the distinct beginnings of all answers asked about. A node looks at the nodes on its path and at the passage, and at
nothing else, so its state is what it would be if its answer were alone: the causal mask of an answer, for a tree
(model/decoder_cache.py). One node is one position of the decoder and one row of the output layer, whoever shares it.

The trees grow in rounds, a few tokens deeper each time, so that the caller can drop answers in between
(candidate_bounds.py) and rows that are done.

Axes: R source rows, n nodes read now, N nodes read so far, M nodes without padding, P pairs of a node and a next token.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.decoding.bart import scores
from minirag.model.bart import BartForConditionalGeneration
from minirag.model.decoder_cache import DecoderCache
from minirag.model.real_tokens import RealTokens

CHUNK = 128  # nodes whose logits exist at a time: 128 · 50,265 · 4 bytes are 26 MB

Prefix = tuple[int, ...]  # start token included


@dataclass
class AnswerTree:
    """The prefixes of one source row that were read: each with the cache's columns on its path, its own the last."""

    paths: dict[Prefix, list[int]] = field(default_factory=lambda: {(): []})

    def grow(self, answers: list[list[int]], depths: range, first: int) -> list[Prefix]:
        """The prefixes that end at these depths and are new, parents first; they get the columns first, first + 1, …"""
        new: list[Prefix] = []
        for answer in answers:
            for depth in depths[: max(0, len(answer) - 1 - depths.start)]:  # nothing follows the last token
                prefix = tuple(answer[: depth + 1])
                if prefix not in self.paths:
                    self.paths[prefix] = [*self.paths[prefix[:-1]], first + len(new)]
                    new.append(prefix)
        return new


def read_level(
    generator: BartForConditionalGeneration,
    cache: DecoderCache,
    trees: list[AnswerTree],
    answers: list[list[list[int]]],
    depths: range,
) -> list[list[float]]:
    """Σ_{t in depths} log p(y_{t+1} | x_r, y_≤t) of each answer y of each row r; all smaller depths were read before."""
    first = cache.nodes
    new = [tree.grow(those, depths, first) for tree, those in zip(trees, answers, strict=True)]
    states = read_prefixes(generator, cache, trees, new)  # (M, D)
    number = {(r, prefix): i for i, (r, prefix) in enumerate((r, p) for r, those in enumerate(new) for p in those)}
    steps = [
        [[(number[r, tuple(y[: t + 1])], y[t + 1]) for t in depths[: max(0, len(y) - 1 - depths.start)]] for y in those]
        for r, those in enumerate(answers)
    ]
    pairs = [pair for those in steps for path in those for pair in path]
    logits = generator.reader(cache).logits
    logprobs = iter(next_logprobs(logits, states, [n for n, _ in pairs], [v for _, v in pairs]).tolist())
    return [[sum((next(logprobs) for _ in path), start=0.0) for path in those] for those in steps]


def read_prefixes(
    generator: BartForConditionalGeneration, cache: DecoderCache, trees: list[AnswerTree], new: list[list[Prefix]]
) -> Float[Tensor, "M D"]:
    """The states of all new nodes, row after row. Rows with fewer of them are padded with nodes that are not computed."""
    device, first, n = cache.source_mask.device, cache.nodes, max(map(len, new))
    rows = [(r, i, prefix) for r, those in enumerate(new) for i, prefix in enumerate(those)]
    at = torch.tensor([(r, i) for r, i, _ in rows], device=device).T  # (2, M)
    ids, positions = torch.zeros(2, len(new), n, dtype=torch.long, device=device)
    ids[at[0], at[1]] = torch.tensor([prefix[-1] for *_, prefix in rows], device=device)
    positions[at[0], at[1]] = torch.tensor([len(prefix) - 1 for *_, prefix in rows], device=device)
    seen = torch.zeros(len(new), n, first + n, dtype=torch.bool, device=device)
    seen[:, range(n), range(first, first + n)] = True  # each looks at itself, padding too: attention to nothing is NaN
    looks = torch.tensor([(r, i, c) for r, i, prefix in rows for c in trees[r].paths[prefix]], device=device).T
    seen[looks[0], looks[1], looks[2]] = True
    return generator.read_nodes(ids, positions, seen, cache, RealTokens(at[0], at[1], (len(new), n)))[0]


def next_logprobs(
    logits: Callable[[Tensor], Tensor], states: Float[Tensor, "M D"], nodes: list[int], tokens: list[int]
) -> Float[Tensor, " P"]:
    """log p(tokens[i] | the prefix of node nodes[i]): the output layer reads each node once, CHUNK of them at a time."""
    node, token = (torch.tensor(numbers, device=states.device) for numbers in (nodes, tokens))
    logprobs = torch.empty(len(nodes), dtype=torch.promote_types(states.dtype, torch.float32), device=states.device)
    for start in range(0, len(states), CHUNK):
        everything = scores(logits(states[start : start + CHUNK]), normalise=True)  # (≤ CHUNK, V)
        here = ((node >= start) & (node < start + CHUNK)).nonzero()[:, 0]
        logprobs[here] = everything[node[here] - start, token[here]]
    return logprobs
