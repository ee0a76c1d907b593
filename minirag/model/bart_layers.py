"""What are BART's two stacks (bart_stacks.py) made of? Embeddings with offset positions, encoder layers, decoder layers.

Paper     Lewis et al. 2019 (BART), §2: the transformer of Vaswani et al. with GELU; 6 or 12 layers a side
Tutorial  tutorials/06_bart.py
Tests     tests/model/test_bart.py, tests/crosscheck/test_networks.py

Layer norm comes after each residual sum, and once more behind the embeddings. Learned positions start at row 2: rows 0
and 1 are left over from the padding index of the code BART was trained with, and are never read.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minirag.configuration import BartConfig
from minirag.model.attention import MultiHeadAttention
from minirag.model.bert import check_length
from minirag.model.decoder_cache import LayerCache
from minirag.model.kept_for_backward import Dropout, two_products
from minirag.model.linear import Linear, activation
from minirag.model.real_tokens import RealTokens

POSITION_OFFSET = 2

Weights = tuple[Float[Tensor, "A H T T"] | None, Float[Tensor, "A H T S"] | None]  # to the prefix, to the source


class BartEmbeddings(nn.Module):
    """LayerNorm(s · word[id] + position[t + 2]), s = √D where `scale_embedding` is set, else 1."""

    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        self.positions = nn.Embedding(config.max_position_embeddings + POSITION_OFFSET, config.d_model)
        self.norm = nn.LayerNorm(config.d_model)
        self.dropout = Dropout(config.dropout)
        self.scale = math.sqrt(config.d_model) if config.scale_embedding else 1.0

    def forward(self, words: Float[Tensor, "B T D"], start: int = 0) -> Float[Tensor, "B T D"]:
        """words: the shared embedding's rows; start: how many tokens came before (cached decoding)."""
        end = start + words.shape[1]
        self.check(end)
        return self.at(words, torch.arange(start, end, device=words.device)[None])

    def at(self, words: Float[Tensor, "B n D"], positions: Int[Tensor, "#B #n"]) -> Float[Tensor, "B n D"]:
        """The same for tokens that do not follow one another."""
        return self.dropout(self.norm(self.scale * words + self.positions(positions + POSITION_OFFSET)))

    def check(self, length: int) -> None:
        check_length(length, self.positions.num_embeddings - POSITION_OFFSET)


class FeedForward(nn.Module):
    """LayerNorm(x + W₂ act(W₁ x))."""

    def __init__(self, width: int, inner: int, config: BartConfig) -> None:
        super().__init__()
        self.up = Linear(width, inner)
        self.down = Linear(inner, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(config.dropout)
        self.inner_dropout = Dropout(config.activation_dropout)
        self.activation = config.activation_function

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        return self.norm(x + self.dropout(self.inner(x)))

    def inner(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        """W₂ act(W₁ x); in published BARTs nothing is dropped in between."""
        if self.training and self.inner_dropout.p > 0:
            return self.down(self.inner_dropout(activation(self.activation, self.up(x))))
        return two_products(self.up, self.activation, self.down, x)


class BartEncoderLayer(nn.Module):
    """x ← LayerNorm(x + SelfAttention(x)), then the feed-forward network."""

    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(config.d_model, config.encoder_attention_heads, config.attention_dropout)
        self.attention_norm = nn.LayerNorm(config.d_model)
        self.feed_forward = FeedForward(config.d_model, config.encoder_ffn_dim, config)
        self.dropout = Dropout(config.dropout)

    def forward(
        self,
        x: Float[Tensor, "B n D"],
        mask: Bool[Tensor, "R 1 1 S"] | None,
        weights_wanted: bool = False,
        rows: RealTokens | None = None,
    ) -> tuple[Float[Tensor, "B n D"], Float[Tensor, "R H S S"] | None]:
        """rows: x holds the real tokens of all rows in one (real_tokens.py)."""
        if rows is not None and x.device.type == "cpu" and not weights_wanted:
            attended, weights = self.attention.row_by_row(x, x, rows, rows), None
        else:
            attended, weights = self.attention(x, self.attention.keys_values(x, rows), mask, weights_wanted, rows)
        return self.feed_forward(self.attention_norm(x + self.dropout(attended))), weights


class BartDecoderLayer(nn.Module):
    """Self-attention over the prefix, attention to the source, then the feed-forward network; a layer norm after each."""

    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        width, heads = config.d_model, config.decoder_attention_heads
        self.attention = MultiHeadAttention(width, heads, config.attention_dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.cross_attention = MultiHeadAttention(width, heads, config.attention_dropout)
        self.cross_attention_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, config.decoder_ffn_dim, config)
        self.dropout = Dropout(config.dropout)

    def forward(
        self,
        x: Float[Tensor, "B m D"],
        causal: Bool[Tensor, "#A 1 T T"],
        source: Float[Tensor, "R n D"],
        source_mask: Bool[Tensor, "A 1 1 S"] | None,
        weights_wanted: bool = False,
        source_rows: RealTokens | None = None,
        rows: RealTokens | None = None,
    ) -> tuple[Float[Tensor, "B m D"], Weights]:
        """A whole prefix at once (teacher forcing). source_rows, rows: `source`, `x` hold real tokens in one row."""
        attended, own = self.attention(x, self.attention.keys_values(x, rows), causal, weights_wanted, rows)
        x = self.attention_norm(x + self.dropout(attended))
        if rows is not None and source_rows is not None and x.device.type == "cpu" and not weights_wanted:
            attended, cross = self.cross_attention.row_by_row(x, source, rows, source_rows), None
        else:
            sources = self.cross_attention.keys_values(source, source_rows)
            attended, cross = self.cross_attention(x, sources, source_mask, weights_wanted, rows)
        x = self.cross_attention_norm(x + self.dropout(attended))
        return self.feed_forward(x), (own, cross)

    def read(
        self,
        x: Float[Tensor, "A m D"],
        seen: Bool[Tensor, "B n N"],
        layer: LayerCache,
        source_mask: Bool[Tensor, "B 1 1 S"],
        rows: RealTokens | None = None,
    ) -> Float[Tensor, "A m D"]:
        """n more nodes of the tree of prefixes, seen[b, i] True for the nodes on the path to node i: as `forward`."""
        prefixes = layer.extend(self.attention.keys_values(x, rows), start=seen.shape[2] - seen.shape[1])
        attended, _ = self.attention(x, prefixes, seen[:, None], rows=rows)
        x = self.attention_norm(x + self.dropout(attended))
        attended, _ = self.cross_attention(x, layer.source, source_mask, rows=rows)
        x = self.cross_attention_norm(x + self.dropout(attended))
        return self.feed_forward(x)


def shift_right(labels: Int[Tensor, "B T"], start: int, pad: int) -> Int[Tensor, "B T"]:
    """y_0 … y_{T−1} → start, y_0 … y_{T−2}: what the decoder reads when it is to write `labels` (−100 is read as pad)."""
    shifted = labels.new_full(labels.shape, start)
    shifted[:, 1:] = labels[:, :-1]
    return shifted.masked_fill(shifted == -100, pad)
