"""What does each part return? Plain frozen dataclasses, no logic.

Paper     none: these are containers
Tutorial  tutorials/12_rag_model.py
Tests     tests/model, tests/rag

Axes: B questions, K passages, T answer tokens, S source tokens, V vocabulary, D model width, H heads.
Masks are bool, True = a real token.
"""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Token ids padded on the right to one length."""

    input_ids: Int[Tensor, "B S"]
    attention_mask: Bool[Tensor, "B S"]


@dataclass(frozen=True)
class DPROutput:
    """pooler_output: the raw [CLS] state (projected where the model has a projection), d(z) or q(x) of the paper.

    The last layer's states are hidden_states[-1]: unless they are asked for, those behind [CLS] need not exist (bert.py).
    """

    pooler_output: Float[Tensor, "B P"]
    hidden_states: tuple[Float[Tensor, "B S D"], ...] | None = None
    attentions: tuple[Float[Tensor, "B H S S"], ...] | None = None


@dataclass(frozen=True)
class EncoderOutput:
    """hidden_states: the embeddings' output first, then each layer's."""

    last_hidden_state: Float[Tensor, "B S D"]
    hidden_states: tuple[Float[Tensor, "B S D"], ...] | None = None
    attentions: tuple[Float[Tensor, "B H S S"], ...] | None = None


@dataclass(frozen=True)
class DecoderOutput:
    """One teacher-forced pass: logits[:, t] scores the token after decoder input t."""

    logits: Float[Tensor, "B T V"]
    last_hidden_state: Float[Tensor, "B T D"]
    hidden_states: tuple[Float[Tensor, "B T D"], ...] | None = None
    attentions: tuple[Float[Tensor, "B H T T"], ...] | None = None
    cross_attentions: tuple[Float[Tensor, "B H T S"], ...] | None = None


@dataclass(frozen=True)
class Seq2SeqLMOutput:
    """loss: mean over the scored tokens of −log p(y_t | y_<t, source), in nats. G: the decoder's heads."""

    logits: Float[Tensor, "B T V"]
    encoder_last_hidden_state: Float[Tensor, "B S D"]
    loss: Float[Tensor, ""] | None = None
    encoder_hidden_states: tuple[Float[Tensor, "B S D"], ...] | None = None
    encoder_attentions: tuple[Float[Tensor, "B H S S"], ...] | None = None
    decoder_hidden_states: tuple[Float[Tensor, "B T D"], ...] | None = None
    decoder_attentions: tuple[Float[Tensor, "B G T T"], ...] | None = None
    cross_attentions: tuple[Float[Tensor, "B G T S"], ...] | None = None


@dataclass(frozen=True)
class RetrievAugLMOutput:
    """One pass over K passages for each of B questions. Rows R = B·K are ordered by question, then passage.

    logits are those of each passage alone, N = R rows. What was retrieved is handed out with `output_retrieved` only.
    question_encoder_last_hidden_state is q(x), the vector (B, P), whatever its name suggests.
    """

    logits: Float[Tensor, "N T V"]
    doc_scores: Float[Tensor, "B K"]
    doc_mask: Bool[Tensor, "B K"]
    past_key_values: None = None  # cached decoding keeps its cache to itself (decoding/)
    retrieved_doc_embeds: Float[Tensor, "B K P"] | None = None
    retrieved_doc_ids: Int[Tensor, "B K"] | None = None
    context_input_ids: Int[Tensor, "R S"] | None = None
    context_attention_mask: Bool[Tensor, "R S"] | None = None
    question_encoder_last_hidden_state: Float[Tensor, "B P"] | None = None
    question_enc_hidden_states: tuple[Float[Tensor, "B Q E"], ...] | None = None
    question_enc_attentions: tuple[Float[Tensor, "B G Q Q"], ...] | None = None
    generator_enc_last_hidden_state: Float[Tensor, "R S D"] | None = None
    generator_enc_hidden_states: tuple[Float[Tensor, "R S D"], ...] | None = None
    generator_enc_attentions: tuple[Float[Tensor, "R H S S"], ...] | None = None
    generator_dec_hidden_states: tuple[Float[Tensor, "R T D"], ...] | None = None
    generator_dec_attentions: tuple[Float[Tensor, "R I T T"], ...] | None = None
    generator_cross_attentions: tuple[Float[Tensor, "R I T S"], ...] | None = None


@dataclass(frozen=True)
class RetrievAugLMMarginOutput(RetrievAugLMOutput):
    """The same with a loss: −log p(y|x) in nats, one for each question, or their sum with `reduce_loss`.

    logits are log-probabilities mixed over passages, N = B rows, where RAG-Token was asked for `do_marginalize`.
    """

    loss: Float[Tensor, "..."] | None = None
