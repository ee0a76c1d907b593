"""What does each part return? Plain frozen dataclasses, no logic.

Paper     none: these are containers
Tutorial  tutorials/12_rag_model.py
Tests     tests/model, tests/test_rag.py

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
    """pooler_output: the raw [CLS] state (projected where the model has a projection), d(z) or q(x) of the paper."""

    pooler_output: Float[Tensor, "B P"]
    last_hidden_state: Float[Tensor, "B S D"]
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
    """loss: mean over the scored tokens of −log p(y_t | y_<t, source), in nats."""

    logits: Float[Tensor, "B T V"]
    encoder_last_hidden_state: Float[Tensor, "B S D"]
    loss: Float[Tensor, ""] | None = None
    encoder_hidden_states: tuple[Float[Tensor, "B S D"], ...] | None = None
    encoder_attentions: tuple[Float[Tensor, "B H S S"], ...] | None = None
    decoder_hidden_states: tuple[Float[Tensor, "B T D"], ...] | None = None
    decoder_attentions: tuple[Float[Tensor, "B H T T"], ...] | None = None
    cross_attentions: tuple[Float[Tensor, "B H T S"], ...] | None = None
