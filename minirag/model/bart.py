"""How probable is each next token, given a source? BART with its output layer: RAG's generator p(y_t | x, z, y_<t).

Paper     Lewis et al. 2019 (BART), §2; RAG §2.3
Tutorial  tutorials/06_bart.py
Tests     tests/model/test_bart.py, tests/crosscheck/test_networks.py

One table of embeddings serves the encoder's input, the decoder's input and the output layer: tied by construction, there
is no second tensor that could be forgotten.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, linear

from minirag.configuration import BartConfig
from minirag.model.attention import padding_mask
from minirag.model.bart_layers import shift_right
from minirag.model.bart_stacks import BartDecoder, BartEncoder
from minirag.model.decoder_cache import DecoderCache
from minirag.model.dpr import initialise
from minirag.model.output_layer import whole_gradient_last
from minirag.model.packed_matrices import PackedMatrices, Reader
from minirag.model.real_tokens import RealTokens, real_tokens
from minirag.outputs import DecoderOutput, EncoderOutput, Seq2SeqLMOutput


class BartForConditionalGeneration(nn.Module):
    """softmax(E h_t + b): E the shared embeddings, h_t the decoder's state, b a bias that is zero in published files."""

    logits_bias: Tensor

    def __init__(self, config: BartConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.d_model, padding_idx=config.pad_token_id)
        self.encoder = BartEncoder(config)
        self.decoder = BartDecoder(config)
        self.register_buffer("logits_bias", torch.zeros(1, config.vocab_size))
        self.packed = PackedMatrices()
        initialise(self, config.init_std)

    def logits(self, states: Float[Tensor, "*rows D"]) -> Float[Tensor, "*rows V"]:
        """E h + b."""
        return linear(states, self.embed_tokens.weight, self.logits_bias[0])

    def encode(
        self,
        input_ids: Int[Tensor, "B S"],
        attention_mask: Bool[Tensor, "B S"] | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> EncoderOutput:
        """Every row must hold at least one real token. Padding's states are 0: nothing is computed for it."""
        words = self.embed_tokens(input_ids)
        states, weights = self.encoder(words, attention_mask, output_attentions, output_hidden_states)
        return EncoderOutput(
            states[-1], tuple(states) if output_hidden_states else None, tuple(weights) if output_attentions else None
        )

    def decode(
        self,
        decoder_input_ids: Int[Tensor, "B T"],
        encoder_hidden: Float[Tensor, "B S D"],
        encoder_mask: Bool[Tensor, "B S"] | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        decoder_mask: Bool[Tensor, "B T"] | None = None,
    ) -> DecoderOutput:
        """Teacher forcing: logits[:, t] are those of the token that follows decoder_input_ids[:, t].

        Padding behind an answer needs no decoder_mask: no real token looks ahead. Each first token must be real.
        """
        words = self.embed_tokens(decoder_input_ids)
        states, weights = self.decoder(words, encoder_hidden, encoder_mask, output_attentions, decoder_mask)
        return DecoderOutput(
            logits=self.logits(states[-1]),
            last_hidden_state=states[-1],
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(own for own, _ in weights) if output_attentions else None,
            cross_attentions=tuple(cross for _, cross in weights) if output_attentions else None,
        )

    def decode_states(
        self,
        decoder_input_ids: Int[Tensor, "B T"],
        encoder_hidden: Float[Tensor, "B S D"],
        encoder_mask: Bool[Tensor, "B S"] | None = None,
        decoder_mask: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """h_t as in `decode`, without logits: training reads them in chunks (output_layer.py)."""
        words = self.embed_tokens(decoder_input_ids)
        states, _ = self.decoder(words, encoder_hidden, encoder_mask, words_mask=decoder_mask)
        return states[-1]

    def answer_states(
        self,
        input_ids: Int[Tensor, "B S"],
        attention_mask: Bool[Tensor, "B S"],
        decoder_input_ids: Int[Tensor, "B T"],
        decoder_mask: Bool[Tensor, "B T"],
    ) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "V D"]]:
        """`decode_states` of sources that are encoded on the way, and E. Padding, behind an answer, has the state 0.

        For training: who reads the states with the output layer takes the E given here (output_layer.py says why), and has a
        gradient of E, as large as E. A lookup's gradient is usually as large and nearly all zeros; here it is a few rows.
        """
        embeddings = whole_gradient_last(self.embed_tokens.weight)
        pad = self.config.pad_token_id
        source, answer = (
            embedding(ids, self.embed_tokens.weight, pad, sparse=True) for ids in (input_ids, decoder_input_ids)
        )
        encoded, _ = self.encoder(source, attention_mask, every_level=False)
        rows = real_tokens(decoder_mask)
        states, _ = self.decoder(answer, encoded[-1], attention_mask, rows=rows)
        return states[-1] if rows is None else rows.apart(states[-1]), embeddings

    def start_cache(
        self, encoder_hidden: Float[Tensor, "B S D"], encoder_mask: Bool[Tensor, "B S"], beams: int = 1
    ) -> DecoderCache:
        """Source keys and values, projected once per source row; `beams` prefixes will share each row."""
        layers = self.decoder.source_caches(encoder_hidden, encoder_mask)
        reader = self.packed.reader(self.decoder, self.embed_tokens.weight, self.logits_bias[0])
        return DecoderCache(layers, padding_mask(encoder_mask), beams, reader=reader)

    def reader(self, cache: DecoderCache) -> Reader:
        """The decoder and the output layer, as a search reads them (packed_matrices.py)."""
        return cache.reader or Reader(self.decoder, self.logits)

    def decode_step(self, token_ids: Int[Tensor, "R 1"], cache: DecoderCache) -> Float[Tensor, "R V"]:
        """Logits of the token after `token_ids`, R = B·W prefixes; the cache grows by one position."""
        ids = token_ids.view(len(cache.source_mask), -1)  # (B, W)
        position = ids.new_full((1, 1), cache.length)
        self.decoder.embeddings.check(cache.length + 1)
        states = self.read_nodes(ids, position, cache.grow(ids.shape[1]), cache)
        return self.reader(cache).logits(states.flatten(0, 1))

    def read_nodes(
        self,
        token_ids: Int[Tensor, "B n"],
        positions: Int[Tensor, "#B #n"],
        seen: Bool[Tensor, "B n N"],
        cache: DecoderCache,
        rows: RealTokens | None = None,
    ) -> Float[Tensor, "A m D"]:
        """h of n more tokens of each row's prefixes, (B, n, D); seen[b, i]: those on the path to the i-th, itself included.

        rows: which of them are real, where rows have unequally many. Theirs alone are computed, (1, m, D).
        """
        return self.reader(cache).decoder.read(self.embed_tokens(token_ids), positions, seen, cache, rows)

    def forward(
        self,
        input_ids: Int[Tensor, "B S"],
        attention_mask: Bool[Tensor, "B S"] | None = None,
        decoder_input_ids: Int[Tensor, "B T"] | None = None,
        labels: Int[Tensor, "B T"] | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> Seq2SeqLMOutput:
        """loss = mean of −log p(labels_t | labels_<t, source) over the labels that are neither −100 nor padding.

        Unlike transformers' BART, padding in `labels` is ignored as −100 is.
        """
        if decoder_input_ids is None:
            if labels is None:
                raise ValueError("BART needs decoder_input_ids or labels")
            decoder_input_ids = shift_right(labels, self.config.decoder_start_token_id, self.config.pad_token_id)
        encoded = self.encode(input_ids, attention_mask, output_hidden_states, output_attentions)
        decoded = self.decode(
            decoder_input_ids, encoded.last_hidden_state, attention_mask, output_hidden_states, output_attentions
        )
        return Seq2SeqLMOutput(
            logits=decoded.logits,
            encoder_last_hidden_state=encoded.last_hidden_state,
            loss=None if labels is None else token_loss(decoded.logits, labels, self.config.pad_token_id),
            encoder_hidden_states=encoded.hidden_states,
            encoder_attentions=encoded.attentions,
            decoder_hidden_states=decoded.hidden_states,
            decoder_attentions=decoded.attentions,
            cross_attentions=decoded.cross_attentions,
        )


def token_loss(logits: Float[Tensor, "B T V"], labels: Int[Tensor, "B T"], pad: int) -> Float[Tensor, ""]:
    """mean_t −log softmax(logits_t)[labels_t], in nats."""
    return cross_entropy(logits.flatten(0, 1).float(), labels.masked_fill(labels == pad, -100).flatten())
