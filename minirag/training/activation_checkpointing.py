"""What if the activations of a training step do not fit into memory? Each layer keeps its input, and computes the rest again.

Paper     Chen et al. 2016, §4: activations of L layers take the memory of one, for one more forward pass
Tutorial  tutorials/17_training_rag.py
Tests     tests/training/test_activation_checkpointing.py

Nothing else changes: the random state is put back before a layer is computed again, so dropout drops the same numbers, and
the gradients are the same bit for bit.
"""

from collections.abc import Iterator
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from minirag.model.bart_layers import BartDecoderLayer, BartEncoderLayer
from minirag.model.bert import BertLayer

LAYERS = (BertLayer, BartEncoderLayer, BartDecoderLayer)


def checkpoint_activations(model: nn.Module) -> None:
    """From now on every layer of BERT and BART in `model` keeps its input only; a second call changes nothing.

    Names and weights stay as they are. Without gradients (evaluation, decoding) nothing is kept, and nothing computed twice.
    """
    for layer in layers_of(model):
        if "forward" not in vars(layer):  # the class's own until now
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)


def layers_of(model: nn.Module) -> Iterator[nn.Module]:
    """The layers of BERT and BART, wherever in `model` they are."""
    return (module for module in model.modules() if isinstance(module, LAYERS))
