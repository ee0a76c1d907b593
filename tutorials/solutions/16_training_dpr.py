# %% [markdown]
# # Solutions to 16 Training DPR

# %% [markdown]
# ## Exercise 1
#
# A cosine is 1 at most and −1 at least. Among 64 passages the best that can be reached is 1 for the own one and −1 for the
# 63 others, and even that leaves its probability near a tenth: the loss would go on pulling at scores that cannot grow.
# Times 20, the same cosines can be as sure as they like.

# %%
import torch

from minirag.training.dpr.objective import dpr_loss

question, passages = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], *[[-1.0, 0.0]] * 63])
for scale in (1.0, 20.0):
    loss = dpr_loss(scale * question, passages)
    print(f"cosines times {scale:.0f}: the least loss is {loss:.3f}, p of the own passage at most {(-loss).exp():.3f}")
assert dpr_loss(question, passages) > 2.2

# %% [markdown]
# ## Exercise 2
#
# When the answer's words stand there by chance: "In 1905, Norway became independent" does not say when Oslo's library was
# built. Such a passage is the best teacher there is. But often it does answer, and nobody marked it; then it teaches the
# opposite of the truth. `mask_answers` takes both kinds out of the softmax: right for names, which rarely stand anywhere by
# chance, doubtful for numbers and for "yes".

# %%
from minirag import Passage
from minirag.training.dpr.batches import Example, batch_of

gold = Passage("gold", "Oslo", "Oslo's library was built in 1905.")
chance = Passage("chance", "Norway", "In 1905, Norway became independent from Sweden.")
other = Passage("other", "Bern", "Bern is the capital of Switzerland, and has many fountains.")
examples = [
    Example("When was Oslo's library built?", ("1905",), (gold,), (chance,)),
    Example("What is the capital of Switzerland?", ("Bern",), (other,), ()),
]
for mask_answers in (False, True):
    batch = batch_of(examples, mask_answers)
    ids = [passage.id for passage in batch.passages]
    print(f"mask_answers={mask_answers}:", dict(zip(ids, batch.candidates[0].tolist(), strict=True)))
assert batch.candidates[0].tolist() == [True, False, True]

# %% [markdown]
# ## Exercise 3
#
# The gradient of the vectors would belong to other vectors than those it is carried through: it is the gradient of no loss
# at all. Here is a linear encoder that drops half of what it reads, with the random numbers kept and not kept.

# %%
from functools import partial

from minirag.training.dpr.gradient_cache import backward, joined

weight = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
texts = torch.randn(8, 6, generator=torch.Generator().manual_seed(1))


def vectors_of_half(rows: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.dropout(rows, 0.5) @ weight.T


chunks = [partial(vectors_of_half, rows) for rows in texts.split(2)]
gradients = []
for cached in (False, True):
    torch.manual_seed(2)
    weight.grad = None
    backward(chunks[:2], chunks[2:], dpr_loss, cached)
    gradients.append(weight.grad)

torch.manual_seed(2)
weight.grad = None
vectors = joined([chunk() for chunk in chunks])
dpr_loss(vectors[:4], vectors[4:]).backward()
for chunk, gradient in zip(chunks, vectors.grad.split(2), strict=True):
    chunk().backward(gradient)  # the generator has moved on: other numbers are dropped
whole, kept, drawn_anew = *gradients, weight.grad
print(f"the gradient has length {whole.norm():.2f}")
print(f"off by {(kept - whole).norm():.2f} with the same dropout, by {(drawn_anew - whole).norm():.2f} with another")
assert torch.allclose(kept, whole, atol=1e-6) and not torch.allclose(drawn_anew, whole, atol=0.1)
