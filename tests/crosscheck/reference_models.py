"""Models of random weights that transformers 5.23.0 makes and saves, the same opened here, and what both are given.

No tensor is left at zero or one, biases and layer norms included: two of those swapped by a name table would show nowhere.
"""

from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch
import transformers
from hypothesis import strategies as st
from torch import Tensor, nn

transformers.logging.disable_progress_bar()
Network = TypeVar("Network")
PAD = 1

widths = st.sampled_from([8, 16])
inner = st.sampled_from([8, 20])
activations = st.sampled_from(["gelu", "relu", "gelu_new"])
dpr_sizes = st.fixed_dictionaries(
    {
        "vocab_size": st.integers(10, 40),
        "max_position_embeddings": st.sampled_from([10, 16]),
        "num_hidden_layers": st.integers(1, 3),
        "num_attention_heads": st.sampled_from([1, 2, 4]),
        "hidden_size": widths,
        "intermediate_size": inner,
        "hidden_act": activations,
        "projection_dim": st.sampled_from([0, 6]),
    }
)
bart_sizes = st.fixed_dictionaries(
    {
        "vocab_size": st.integers(10, 40),
        "max_position_embeddings": st.sampled_from([10, 16]),
        "encoder_layers": st.integers(1, 3),
        "decoder_layers": st.integers(1, 3),
        "encoder_attention_heads": st.sampled_from([1, 2, 4]),
        "decoder_attention_heads": st.sampled_from([1, 2, 4]),
        "d_model": widths,
        "encoder_ffn_dim": inner,
        "decoder_ffn_dim": inner,
        "activation_function": activations,
        "scale_embedding": st.booleans(),
    }
)
lengths = st.lists(st.integers(1, 10), min_size=1, max_size=4)
seeds = st.integers(0, 9999)


def dpr(
    reference: type[nn.Module], sizes: dict, seed: int = 0, attention: str = "eager", std: float = 0.2
) -> nn.Module:
    """A DPR encoder in evaluation mode; std is large because the widths are small: attention is then not uniform."""
    torch.manual_seed(seed)
    config = transformers.DPRConfig(**{"initializer_range": std, "attn_implementation": attention, **sizes})
    return random_everywhere(reference(config).eval(), std)


def bart(sizes: dict, seed: int = 0, attention: str = "eager", std: float = 0.2) -> nn.Module:
    torch.manual_seed(seed)
    config = transformers.BartConfig(**{"init_std": std, "attn_implementation": attention, **sizes})
    return random_everywhere(transformers.BartForConditionalGeneration(config).eval(), std)


def random_everywhere(model: nn.Module, std: float) -> nn.Module:
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.ndim == 1 or name == "final_logits_bias":
                tensor.add_(std * torch.randn_like(tensor))
    return model


def rag(reference: type[nn.Module], question_encoder: nn.Module, generator: nn.Module) -> nn.Module:
    """RagModel, RagTokenForGeneration or RagSequenceForGeneration of two networks."""
    configs = question_encoder.config, generator.config
    config = transformers.RagConfig.from_question_encoder_generator_configs(*configs)
    return reference(config=config, question_encoder=question_encoder, generator=generator).eval()


def opened_here(theirs: nn.Module, open_folder: Callable[[str], Network]) -> Network:
    """What minirag makes of the folder that transformers writes."""
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        return open_folder(folder)


def ragged(row_lengths: list[int], vocabulary: int, seed: int) -> tuple[Tensor, Tensor]:
    """Random ids padded with 1, and their mask."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, vocabulary, (len(row_lengths), max(row_lengths)), generator=random)
    mask = torch.arange(ids.shape[1])[None] < torch.tensor(row_lengths)[:, None]
    return ids.masked_fill(~mask, PAD), mask
