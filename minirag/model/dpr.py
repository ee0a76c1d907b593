"""What vector stands for a question, and what vector for a passage? DPR's two encoders.

Paper     Karpukhin et al. 2020, §3.1; RAG §2.2: d(z) = BERT_d(z), q(x) = BERT_q(x), p(z|x) ∝ exp(d(z)ᵀ q(x))
          Reimers & Gurevych 2019, §3: the mean of all states instead of [CLS]
Tutorial  tutorials/05_dpr.py
Tests     tests/model/test_encoders.py, tests/model/test_cls_only.py, tests/crosscheck/test_networks.py

DPR's vector is the last layer's raw [CLS] state: no pooler and no tanh, whatever the name `pooler_output` suggests. The other
states of that layer are computed only if somebody asks for hidden states or attentions (bert.py says what that saves).
sentence-transformers' encoders are the same BERT with another last step: `config.pooling` and `config.normalize`. With unit
vectors every score lies in [−1, 1], and no prior is sharper than e²: `config.scale` of the question's side undoes that.
"""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from minirag.configuration import BertConfig
from minirag.model.bert import BertEncoder
from minirag.model.linear import Linear
from minirag.outputs import DPROutput


class DPREncoder(nn.Module):
    """scale · W · pool(BERT(x)), divided by its length where `normalize` says so; without a projection, W = I."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.bert = BertEncoder(config)
        self.projection = Linear(config.hidden_size, config.projection_dim) if config.projection_dim else None

    def forward(
        self,
        input_ids: Int[Tensor, "B S"],
        attention_mask: Bool[Tensor, "B S"] | None = None,
        token_type_ids: Int[Tensor, "B S"] | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> DPROutput:
        from_cls = self.config.pooling == "cls"
        cls_only = from_cls and not (output_hidden_states or output_attentions)
        encoded = self.bert(
            input_ids, attention_mask, token_type_ids, output_hidden_states, output_attentions, cls_only
        )
        states = encoded.last_hidden_state  # (B, 1, D) with cls_only
        vector = states[:, 0] if from_cls else mean_state(states, attention_mask)
        vector = vector if self.projection is None else self.projection(vector)
        vector = unit(vector) if self.config.normalize else vector
        return DPROutput(self.config.scale * vector, encoded.hidden_states, encoded.attentions)


def mean_state(states: Float[Tensor, "B S D"], mask: Bool[Tensor, "B S"] | None) -> Float[Tensor, "B D"]:
    """Σ_s mask_s · h_s / Σ_s mask_s, over [CLS], the text and [SEP]; without a mask every token is real."""
    if mask is None:
        return states.mean(dim=1)
    real = mask[..., None].to(states.dtype)  # (B, S, 1)
    return (states * real).sum(dim=1) / real.sum(dim=1).clamp(min=1e-9)  # sentence-transformers' smallest divisor


def unit(vectors: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
    """x / max(‖x‖₂, 1e-12): the inner product of two of them is the cosine."""
    return F.normalize(vectors, dim=-1)


class DPRQuestionEncoder(nn.Module):
    """q(x), the question's vector (B, D)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.question_encoder = DPREncoder(config)
        initialise(self, config.initializer_range)

    def forward(
        self,
        input_ids: Int[Tensor, "B S"],
        attention_mask: Bool[Tensor, "B S"] | None = None,
        token_type_ids: Int[Tensor, "B S"] | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> DPROutput:
        return self.question_encoder(input_ids, attention_mask, token_type_ids, output_hidden_states, output_attentions)


class DPRContextEncoder(nn.Module):
    """d(z), the passage's vector (B, D). The same network with its own weights; title and text are a sentence pair."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.ctx_encoder = DPREncoder(config)
        initialise(self, config.initializer_range)

    def forward(
        self,
        input_ids: Int[Tensor, "B S"],
        attention_mask: Bool[Tensor, "B S"] | None = None,
        token_type_ids: Int[Tensor, "B S"] | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> DPROutput:
        return self.ctx_encoder(input_ids, attention_mask, token_type_ids, output_hidden_states, output_attentions)


def initialise(model: nn.Module, std: float) -> None:
    """Weights ~ N(0, std²), biases 0, layer norms 1 and 0, padding rows 0: as BERT and BART start."""
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=std)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            nn.init.zeros_(module.weight.data[module.padding_idx])
