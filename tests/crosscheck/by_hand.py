"""The paper's numbers by plain enumeration, in Python floats, and the row of docs/deviations.md that shows them.

Nothing here is minirag's: what it computes is compared with these.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

PAGE = Path(__file__).resolve().parents[2] / "docs" / "deviations.md"


def softmax(scores: Sequence[float]) -> list[float]:
    """exp(s_z) / Σ_z' exp(s_z'), after taking the highest score from all (which changes nothing)."""
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def sequence_nll(prior: Sequence[float], table: Sequence[Sequence[float]]) -> float:
    """−log Σ_z p(z|x) Π_t p(y_t|x,z,y_<t), table[z][t] = p(y_t|x,z,y_<t)."""
    return -math.log(sum(p_z * math.prod(tokens) for p_z, tokens in zip(prior, table, strict=True)))


def token_nll(prior: Sequence[float], table: Sequence[Sequence[float]]) -> float:
    """−log Π_t Σ_z p(z|x) p(y_t|x,z,y_<t)."""
    columns = zip(*table, strict=True)
    return -sum(math.log(sum(p_z * p for p_z, p in zip(prior, column, strict=True))) for column in columns)


def token_probabilities(their_generator: Any, source: Tensor, answer: Sequence[int]) -> list[float]:
    """p(y_t|source,y_<t) of every token behind the start: one unpadded source through transformers' BART alone."""
    with torch.no_grad():
        logits = their_generator(input_ids=source[None], decoder_input_ids=torch.tensor([list(answer[:-1])])).logits[0]
    rows = [softmax(row) for row in logits.double().tolist()]
    return [row[token] for row, token in zip(rows, answer[1:], strict=True)]


def table_of(
    their_generator: Any, contexts: dict[str, Tensor], question: int, answer: Sequence[int]
) -> list[list[float]]:
    """`token_probabilities` with each passage of one question, padding taken away."""
    K = contexts["doc_scores"].shape[1]
    rows = range(question * K, question * K + K)
    ids, mask = contexts["context_input_ids"], contexts["context_attention_mask"].bool()
    return [token_probabilities(their_generator, ids[row][mask[row]], answer) for row in rows]


def logits_of(next_tokens: Sequence[Sequence[dict[int, float]]], vocabulary: int) -> Tensor:
    """(K, T, V) logits under which next_tokens[z][t] = {token: its probability}; what is left goes to the others, evenly."""
    table = torch.zeros(len(next_tokens), len(next_tokens[0]), vocabulary, dtype=torch.float64)
    for z, passage in enumerate(next_tokens):
        for t, chances in enumerate(passage):
            rest = (1.0 - sum(chances.values())) / (vocabulary - len(chances))
            table[z, t] = torch.tensor([chances.get(token, rest) for token in range(vocabulary)])
    return table.log()


def assert_documented(number: int, theirs: float, ours: float, exact: float) -> None:
    """minirag's number is the exact one, transformers' is not, and docs/deviations.md shows all three."""
    assert ours == pytest.approx(exact, abs=1e-5)
    assert theirs != pytest.approx(exact, abs=1e-2)
    assert f"| {theirs:.4f} | {ours:.4f} | {exact:.4f} |" in row_of(number)


def row_of(number: int) -> str:
    """The row of one deviation in docs/deviations.md."""
    (row,) = (line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {number} |"))
    return row
