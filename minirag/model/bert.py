"""How does a text become vectors? The BERT encoder: embeddings, then layers of self-attention and a feed-forward network.

Paper     Devlin et al. 2019, §3; the encoder of both DPR towers (DPR §3.1)
Tutorial  tutorials/04_bert.py
Tests     tests/model/test_encoders.py, tests/model/test_cls_only.py, tests/crosscheck/test_networks.py

Layer norm comes after each residual sum (post-layer-norm), as in the figure of the 2017 paper and in published BERT. Most
later models put it before: the weights of one do not work in the other.

Where the state of [CLS] is all that is wanted (`cls_only`), the last layer is asked about that one position. It reads keys and
values of every token all the same, for [CLS] looks at all of them. But what the others would have become, nobody sees: query,
output, feed-forward network and norms are computed for one token instead of S. Of a layer's 12 D² products for each token
(F = 4D) the keys and values are 2; the other 10 fall away, 42 % of two layers, 7 % of twelve. The layers below are computed
whole, for the last one reads the states of all.

Without a gradient the keys and values fall away too (`MultiHeadAttention.one_query`). A score W_K s · q may be read from the
other side, as s · W_Kᵀ q: the matrix is multiplied with one query instead of S states. And a sum of values is W_V times
a sum of states. In training it stays as it was: with dropout the weights no longer add up to 1.

Padding goes through no layer (real_tokens.py): texts of a batch are rarely of one length.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minirag.configuration import BertConfig
from minirag.model.attention import MultiHeadAttention, padding_mask
from minirag.model.kept_for_backward import Dropout, two_products
from minirag.model.linear import Linear
from minirag.model.real_tokens import RealTokens, real_tokens
from minirag.outputs import EncoderOutput


class BertEmbeddings(nn.Module):
    """LayerNorm(word[id] + position[s] + segment[type])."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.words = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id)
        self.positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.segments = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def forward(
        self, input_ids: Int[Tensor, "B S"], token_type_ids: Int[Tensor, "B S"] | None = None
    ) -> Float[Tensor, "B S D"]:
        check_length(input_ids.shape[1], self.positions.num_embeddings)
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        return self.dropout(self.norm(self.words(input_ids) + self.positions(positions) + self.segments(types)))


class BertLayer(nn.Module):
    """x ← LayerNorm(x + Attention(x)); x ← LayerNorm(x + W₂ act(W₁ x))."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(
            config.hidden_size, config.num_attention_heads, config.attention_probs_dropout_prob
        )
        self.attention_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.up = Linear(config.hidden_size, config.intermediate_size)
        self.down = Linear(config.intermediate_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)
        self.activation = config.hidden_act

    def forward(
        self,
        x: Float[Tensor, "A n D"],
        mask: Bool[Tensor, "B 1 1 S"] | None,
        weights_wanted: bool = False,
        cls_only: bool = False,
        rows: RealTokens | None = None,
    ) -> tuple[Float[Tensor, "R T D"], Float[Tensor, "B H m S"] | None]:
        """T = S; with `cls_only` T = 1, position 0 of each row. rows: x holds the real tokens of all rows in one."""
        whole = x if rows is None or not cls_only else rows.apart(x)
        asking = whole[:, :1] if cls_only else x  # (R, T, D)
        if cls_only and not (weights_wanted or self.training or torch.is_grad_enabled()):
            attended, weights = self.attention.one_query(asking, whole, mask), None
        elif rows is not None and x.device.type == "cpu" and not (cls_only or weights_wanted):
            attended, weights = self.attention.row_by_row(x, x, rows, rows), None
        else:
            sources = self.attention.keys_values(x, rows)
            attended, weights = self.attention(asking, sources, mask, weights_wanted, None if cls_only else rows)
        x = self.attention_norm(asking + self.dropout(attended))
        return self.norm(x + self.dropout(two_products(self.up, self.activation, self.down, x))), weights


class BertEncoder(nn.Module):
    """Embeddings and L layers. No pooler: DPR takes the [CLS] state as it is."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.embeddings = BertEmbeddings(config)
        self.layers = nn.ModuleList([BertLayer(config) for _ in range(config.num_hidden_layers)])

    def forward(
        self,
        input_ids: Int[Tensor, "B S"],
        attention_mask: Bool[Tensor, "B S"] | None = None,
        token_type_ids: Int[Tensor, "B S"] | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        cls_only: bool = False,
    ) -> EncoderOutput:
        """Padding is not computed: its states are 0. cls_only: nothing but the last state of position 0, (B, 1, D)."""
        mask = None if attention_mask is None else padding_mask(attention_mask)
        rows = real_tokens(attention_mask)
        x = self.embeddings(input_ids, token_type_ids)
        x = x if rows is None else rows.together(x)
        levels, attentions = [x], []
        for number, layer in enumerate(self.layers, start=1):
            x, weights = layer(x, mask, output_attentions, cls_only and number == len(self.layers), rows)
            levels = [*levels, x] if output_hidden_states else [x]
            attentions.append(weights)
        if cls_only:
            return EncoderOutput(x)
        apart = levels if rows is None else [rows.apart(level) for level in levels]
        return EncoderOutput(
            apart[-1], tuple(apart) if output_hidden_states else None, tuple(attentions) if output_attentions else None
        )


def check_length(length: int, limit: int) -> None:
    if length > limit:
        raise ValueError(f"input of {length} tokens is longer than the {limit} positions of this model")
