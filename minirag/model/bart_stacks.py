"""How do words go through all of BART's layers? The encoder reads the source once, the decoder a prefix, or a tree of them.

Paper     Lewis et al. 2019 (BART), §2: a bidirectional encoder and an autoregressive decoder
Tutorial  tutorials/06_bart.py
Tests     tests/model/test_bart.py, tests/crosscheck/test_networks.py

Padding goes through no layer of either (real_tokens.py): its states are 0.
"""

from collections.abc import Sequence

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minirag.configuration import BartConfig
from minirag.model.attention import KeysValues, causal_mask, padding_mask
from minirag.model.bart_layers import BartDecoderLayer, BartEmbeddings, BartEncoderLayer, Weights
from minirag.model.decoder_cache import DecoderCache, LayerCache
from minirag.model.real_tokens import RealTokens, real_tokens


class BartEncoder(nn.Module):
    """Source words → (states of the levels that are wanted, the last at the end; attention weights)."""

    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        self.embeddings = BartEmbeddings(config)
        self.layers = nn.ModuleList([BartEncoderLayer(config) for _ in range(config.encoder_layers)])

    def forward(
        self,
        words: Float[Tensor, "B S D"],
        attention_mask: Bool[Tensor, "B S"] | None,
        weights_wanted: bool = False,
        every_level: bool = True,
    ) -> tuple[list[Float[Tensor, "B S D"]], list[Float[Tensor, "B H S S"] | None]]:
        """Padding is not computed: its states are 0."""
        mask = None if attention_mask is None else padding_mask(attention_mask)
        rows = real_tokens(attention_mask)
        x = self.embeddings(words)
        levels, weights = [x if rows is None else rows.together(x)], []
        for layer in self.layers:
            x, layer_weights = layer(levels[-1], mask, weights_wanted, rows)
            levels = [*levels, x] if every_level else [x]
            weights.append(layer_weights)
        return levels if rows is None else [rows.apart(level) for level in levels], weights


class BartDecoder(nn.Module):
    """Prefix words and source states → (hidden states of every level, attention weights)."""

    layers: Sequence[BartDecoderLayer]

    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        self.embeddings = BartEmbeddings(config)
        layers = [BartDecoderLayer(config) for _ in range(config.decoder_layers)]
        self.layers = nn.ModuleList(layers)  # type: ignore[assignment]  # a sequence of its modules

    def forward(
        self,
        words: Float[Tensor, "B T D"],
        source: Float[Tensor, "B S D"],
        source_mask: Bool[Tensor, "B S"] | None,
        weights_wanted: bool = False,
        words_mask: Bool[Tensor, "B T"] | None = None,
        rows: RealTokens | None = None,
    ) -> tuple[list[Float[Tensor, "R m D"]], list[Weights]]:
        """words_mask: what may be looked at. rows: of `words` these alone are read, and their states are side by side."""
        causal = causal_mask(words.shape[1], words.device)
        if words_mask is not None:
            causal = causal & padding_mask(words_mask)  # (B, 1, T, T)
        mask = None if source_mask is None else padding_mask(source_mask)
        source_rows = real_tokens(source_mask)
        read = source if source_rows is None else source_rows.together(source)
        x = self.embeddings(words)
        levels, weights = [x if rows is None else rows.together(x)], []
        for layer in self.layers:
            x, layer_weights = layer(levels[-1], causal, read, mask, weights_wanted, source_rows, rows)
            levels.append(x)
            weights.append(layer_weights)
        return levels, weights

    def read(
        self,
        words: Float[Tensor, "B n D"],
        positions: Int[Tensor, "#B #n"],
        seen: Bool[Tensor, "B n N"],
        cache: DecoderCache,
        rows: RealTokens | None = None,
    ) -> Float[Tensor, "A m D"]:
        """n more nodes of the tree of prefixes (decoder_cache.py), through all layers. rows: as in `forward`."""
        x = self.embeddings.at(words, positions)
        x = x if rows is None else rows.together(x)
        for layer, layer_cache in zip(self.layers, cache.layers, strict=True):
            x = layer.read(x, seen, layer_cache, cache.source_mask, rows)
        cache.nodes = seen.shape[2]
        return x

    def source_caches(self, source: Float[Tensor, "B S D"], mask: Bool[Tensor, "B S"]) -> list[LayerCache]:
        """Each layer's keys and values of the source, projected once; those of padding are 0."""
        rows = real_tokens(mask)
        read = source if rows is None else rows.together(source)
        projected = (layer.cross_attention.keys_values(read, rows) for layer in self.layers)
        return [LayerCache(KeysValues(*(states.contiguous() for states in both))) for both in projected]
