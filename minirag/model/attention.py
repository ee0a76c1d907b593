"""How does one position gather from the others? Multi-head attention, the one block all three networks share.

Paper     Vaswani et al. 2017, §3.2; used unchanged by BERT (DPR's encoders) and BART (RAG's generator)
Tutorial  tutorials/03_attention.py
Tests     tests/model/test_attention.py

The projections and the attention itself are two steps, because cached decoding projects keys and values once and attends
to them many times. Where `rows` is given, what comes in and goes out are the real tokens of all rows in one (real_tokens.py).
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from minirag.model.linear import Linear
from minirag.model.real_tokens import RealTokens

FEW_WEIGHTS = 2**19  # 2 MB in float32


class KeysValues(NamedTuple):
    """What is attended to, split into heads: E = D / H."""

    keys: Float[Tensor, "B H S E"]
    values: Float[Tensor, "B H S E"]


class MultiHeadAttention(nn.Module):
    """Concat(head_1 … head_H) W_O, head_i = softmax(Q_i K_iᵀ / √E) V_i (Vaswani et al. 2017, §3.2.2)."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.query = Linear(width, width)
        self.key = Linear(width, width)
        self.value = Linear(width, width)
        self.output = Linear(width, width)

    def keys_values(self, source: Float[Tensor, "B S D"], rows: RealTokens | None = None) -> KeysValues:
        """(K, V) of every source position, split into heads."""
        keys, values = self.key(source), self.value(source)
        if rows is not None:
            keys, values = rows.apart(keys), rows.apart(values)
        return self.in_heads(keys, values)

    def in_heads(self, keys: Float[Tensor, "B S D"], values: Float[Tensor, "B S D"]) -> KeysValues:
        return KeysValues(split_heads(keys, self.heads), split_heads(values, self.heads))

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        attended: KeysValues,
        mask: Bool[Tensor, "#R 1 #n S"] | None = None,
        weights_wanted: bool = False,
        rows: RealTokens | None = None,
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "R H n S"] | None]:
        """x: what asks; `attended`: what answers; mask: True where a query may look. Returns states and, if wanted, weights."""
        asking = self.query(x)
        queries = split_heads(asking if rows is None else rows.apart(asking), self.heads)  # (B, H, T, E)
        dropout = self.dropout if self.training else 0.0
        if weights_wanted:
            states, weights = explicit_attention(queries, attended, mask, dropout)
        else:
            states = fused_attention(queries, attended, mask, dropout)
            weights = None
        gathered = join_heads(states)
        return self.output(gathered if rows is None else rows.together(gathered)), weights

    def one_query(
        self, x: Float[Tensor, "B 1 D"], source: Float[Tensor, "B S D"], mask: Bool[Tensor, "B 1 1 S"] | None
    ) -> Float[Tensor, "B 1 D"]:
        """Without keys and values: W_K s · q = s · W_Kᵀ q, and Σ_s a_s (W_V s + b) = W_V (Σ_s a_s s) + b, since Σ_s a_s = 1.

        For who asks once, and wants no dropout. b_K adds the same to the scores of all s: softmax does not see it.
        """
        queries = split_heads(self.query(x), self.heads)[:, :, 0] / math.sqrt(x.shape[2] // self.heads)  # (B, H, E)
        key, value = (part.weight.view(self.heads, -1, x.shape[2]) for part in (self.key, self.value))  # (H, E, D)
        scores = torch.einsum("bhe, hed -> bhd", queries, key) @ source.mT  # (B, H, S)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, :, 0], -torch.inf)
        gathered = torch.einsum("bhd, hed -> bhe", scores.softmax(dim=-1) @ source, value).flatten(1)  # (B, D)
        return self.output((gathered + self.value.bias)[:, None])

    def row_by_row(
        self, x: Float[Tensor, "1 m D"], source: Float[Tensor, "1 n D"], rows: RealTokens, source_rows: RealTokens
    ) -> Float[Tensor, "1 m D"]:
        """Each row of `x` looks at the same row of `source`: padding is not computed, and no mask is needed."""
        dropout = self.dropout if self.training else 0.0
        queries = self.query(x).split(rows.lengths, dim=1)
        keys, values = (project(source).split(source_rows.lengths, dim=1) for project in (self.key, self.value))
        states = [
            join_heads(fused_attention(split_heads(q, self.heads), self.in_heads(k, v), None, dropout))
            if q.shape[1] and k.shape[1]
            else torch.zeros_like(q)  # a row that looks at nothing
            for q, k, v in zip(queries, keys, values, strict=True)
        ]
        return self.output(torch.cat(states, dim=1))


def fused_attention(
    queries: Float[Tensor, "B H T E"],
    attended: KeysValues,
    mask: Bool[Tensor, "#B 1 #T S"] | None,
    dropout: float = 0.0,
) -> Float[Tensor, "B H T E"]:
    """softmax(Q Kᵀ / √E) V in one call that never stores the (T, S) weights.

    On a CPU the call's bfloat16 gradient takes three times as long as its float32 one, so it is computed in float32 there,
    autocast or not. Without a gradient, where the weights are few enough to stay near the processor, two products with a
    softmax between them are faster there (`attention_in_place`): for a text of 150 tokens by a fifth, for the one query of a
    beam by half, in bfloat16 by more.
    """
    keys, values = attended
    on_cpu = queries.device.type == "cpu"
    if on_cpu and not torch.is_grad_enabled() and dropout == 0.0 and weight_count(queries, keys) <= FEW_WEIGHTS:
        return attention_in_place(queries, attended, mask)
    if on_cpu and queries.dtype == torch.bfloat16 and queries.requires_grad:
        with torch.autocast("cpu", enabled=False):  # it would round them to bfloat16 again
            states = scaled_dot_product_attention(queries.float(), keys.float(), values.float(), mask, dropout)
        return states.to(queries.dtype)
    return scaled_dot_product_attention(queries, keys, values, mask, dropout)


def attention_in_place(
    queries: Float[Tensor, "B H T E"], attended: KeysValues, mask: Bool[Tensor, "#B 1 #T S"] | None
) -> Float[Tensor, "B H T E"]:
    """softmax(Q Kᵀ / √E + log mask) V, for who wants no gradient: the weights are written once and changed where they are."""
    keys, values = attended
    if queries.dtype == torch.bfloat16:  # its products ask for the keys of a head side by side
        keys, values = side_by_side(keys), side_by_side(values)
    weights = (queries / math.sqrt(queries.shape[-1])) @ keys.mT  # (B, H, T, S)
    if mask is not None:
        weights += weights.new_zeros(mask.shape).masked_fill_(~mask, -torch.inf)  # faster than a mask
    return torch.softmax(weights, dim=-1, out=weights) @ values


def side_by_side(states: Float[Tensor, "B H S E"]) -> Float[Tensor, "B H S E"]:
    """The positions of a head one behind the other; not copied where they are (room behind the last does not matter)."""
    return states if states.stride()[2:] == (states.shape[3], 1) else states.contiguous()


def weight_count(queries: Float[Tensor, "B H T E"], keys: Float[Tensor, "B H S E"]) -> int:
    """B · H · T · S."""
    return queries.shape[:3].numel() * keys.shape[2]


def explicit_attention(
    queries: Float[Tensor, "B H T E"],
    attended: KeysValues,
    mask: Bool[Tensor, "#B 1 #T S"] | None,
    dropout: float = 0.0,
) -> tuple[Float[Tensor, "B H T E"], Float[Tensor, "B H T S"]]:
    """softmax(Q Kᵀ / √E) V, with the softmax in plain sight: mostly slower than the fused call, and it can show its weights."""
    scores = queries @ attended.keys.mT / math.sqrt(queries.shape[-1])  # (B, H, T, S)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(dim=-1)
    return torch.dropout(weights, dropout, train=dropout > 0) @ attended.values, weights


def split_heads(states: Float[Tensor, "B S D"], heads: int) -> Float[Tensor, "B H S E"]:
    batch, length, width = states.shape
    return states.view(batch, length, heads, width // heads).transpose(1, 2)


def join_heads(states: Float[Tensor, "B H T E"]) -> Float[Tensor, "B T D"]:
    return states.transpose(1, 2).flatten(2)


def padding_mask(attention_mask: Bool[Tensor, "B S"]) -> Bool[Tensor, "B 1 1 S"]:
    """Every query may look at every real token; padding is never looked at."""
    return attention_mask[:, None, None, :]


def causal_mask(length: int, device: torch.device) -> Bool[Tensor, "1 1 T T"]:
    """Position t may look at positions ≤ t."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()[None, None]
