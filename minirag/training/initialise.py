"""Where does a small network start when nothing is pretrained? Embeddings of unit length and sinusoidal positions.

Paper     Vaswani et al. 2017, §3.5 (sinusoids), §3.4 (shared embeddings)
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_initialise.py

Published BERT and BART start from N(0, 0.02²) everywhere and learn from billions of tokens that position t + 1 follows
position t. A reader that must copy names needs that within minutes: sinusoids make "one position later" a fixed rotation,
so that it is learned once for all positions. They stay ordinary learned positions afterwards.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from minirag.model.bart import BartForConditionalGeneration
from minirag.model.bart_layers import POSITION_OFFSET, BartDecoderLayer
from minirag.model.dpr import DPRContextEncoder, DPRQuestionEncoder


def initialise_small(model: nn.Module) -> None:
    """Linear layers Glorot-uniform; word vectors ~ N(0, 1/D), of length about 1; positions sinusoidal, of length √½.

    The decoder's cross-attention starts with W_V = W_O = I: whatever it looks at is carried over as it is, word vector
    included, and the tied output layer reads that as "write this word". Copying is then only a matter of where to look.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
            if module.padding_idx is not None:
                nn.init.zeros_(module.weight.data[module.padding_idx])
    for module in model.modules():
        if isinstance(module, BartDecoderLayer):
            nn.init.eye_(module.cross_attention.value.weight)
            nn.init.eye_(module.cross_attention.output.weight)
    with torch.no_grad():
        for positions, offset in learned_positions(model):
            positions.weight.copy_(sinusoids(positions.num_embeddings, positions.embedding_dim, offset))


def learned_positions(model: nn.Module) -> list[tuple[nn.Embedding, int]]:
    """The model's position tables, each with the row at which position 0 stands."""
    if isinstance(model, BartForConditionalGeneration):
        return [(stack.embeddings.positions, POSITION_OFFSET) for stack in (model.encoder, model.decoder)]
    if isinstance(model, DPRQuestionEncoder):
        return [(model.question_encoder.bert.embeddings.positions, 0)]
    if isinstance(model, DPRContextEncoder):
        return [(model.ctx_encoder.bert.embeddings.positions, 0)]
    return []


def sinusoids(rows: int, width: int, offset: int = 0) -> Float[Tensor, "rows width"]:
    """[sin(t / 10000^(2i/D)), cos(t / 10000^(2i/D))] / √D for t = row − offset (Vaswani et al. 2017, §3.5)."""
    times = torch.arange(rows, dtype=torch.float32)[:, None] - offset
    frequencies = torch.exp(-math.log(10_000) * torch.arange(0, width, 2) / width)
    angles = times * frequencies  # (rows, D / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=1) / math.sqrt(width)
