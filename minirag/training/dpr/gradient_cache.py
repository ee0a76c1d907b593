"""How does a batch of 128 questions fit in a small memory? The loss needs all vectors at once, but not all graphs at once.

Paper     Gao et al. 2021 (Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup), §3
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_gradient_cache.py

    1  all vectors, chunk by chunk, without a graph
    2  the loss, and its gradient with respect to the vectors: small, for it knows nothing of the encoders
    3  chunk by chunk again, with a graph and the random numbers (dropout) of step 1: ∂L/∂θ = Σ_chunks ∂L/∂v · ∂v/∂θ

One more forward pass pays for it. The gradient is the same, term by term.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from minirag.training.checkpoints import random_states, set_random_states

Encode = Callable[[], Float[Tensor, "n D"]]  # the vectors of one chunk, under the random numbers of the moment
LossOf = Callable[[Float[Tensor, "B D"], Float[Tensor, "N D"]], Float[Tensor, ""]]


def backward(questions: Sequence[Encode], passages: Sequence[Encode], loss_of: LossOf, cached: bool = True) -> float:
    """L(q, p) of all chunks' vectors; adds ∂L/∂θ to the gradients of whatever encodes. cached: one chunk's graph at a time."""
    states, vectors = [], []
    for encode in (*questions, *passages):
        states.append(random_states() if cached else {})
        with torch.set_grad_enabled(not cached):
            vectors.append(encode())
    q = joined(vectors[: len(questions)])
    p = joined(vectors[len(questions) :])
    loss = loss_of(q, p)
    loss.backward()
    assert q.grad is not None and p.grad is not None
    sizes = [len(chunk) for chunk in vectors]
    gradients = torch.cat([q.grad, p.grad]).split(sizes)
    for place, encode in enumerate((*questions, *passages)):
        chunk = again(encode, states[place]) if cached else vectors[place]
        chunk.backward(gradients[place].to(chunk.dtype))
    return loss.item()


def joined(chunks: Sequence[Float[Tensor, "_ D"]]) -> Float[Tensor, "N D"]:
    """All rows in float32, cut off from whatever made them, to receive a gradient."""
    return torch.cat([chunk.detach().float() for chunk in chunks]).requires_grad_()


def again(encode: Encode, states: dict[str, Tensor]) -> Float[Tensor, "n D"]:
    """The same vectors with their graph: dropout drops what it dropped before."""
    set_random_states(states)
    return encode()
