# %% [markdown]
# # Solutions to 14 Decoding RAG-Token

# %% [markdown]
# ## Exercise 1
#
# With prior x, "iron" has 0.2 x + 0.9 (1 − x) and "Fe" has 0.5 x. They are equal at x = 0.9 / 1.2 = 0.75. ("steel" has
# 0.3 x + 0.1 (1 − x) and never wins.)

# %%
import torch

from minirag.likelihood import next_token_mixture

next_word = torch.tensor([[0.2, 0.5, 0.3], [0.9, 0.0, 0.1]], dtype=torch.float64)
for x in (0.7, 0.74, 0.76, 0.9):
    prior = torch.tensor([[x, 1 - x]], dtype=torch.float64)
    mixed = next_token_mixture(prior.log(), next_word.log()[None, :, None]).exp()[0, 0]
    print(x, [f"{p:.3f}" for p in mixed.tolist()])
    assert (int(mixed.argmax()) == 1) == (x > 0.75)

# %% [markdown]
# ## Exercise 2
#
# Passages can be handed over as text, with their scores, in any order.

# %%
from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
question = "What is the name of the highest point in Mali?"
found = rag.answer(question, n_docs=3)
passages = [(passage.title, passage.text) for passage in found.passages]
scores = [torch.tensor(passage.prior).log().item() for passage in found.passages]
turned = rag.answer(question, passages[::-1], scores[::-1])
print(found.text, f"{found.logprob:.4f}", turned.text, f"{turned.logprob:.4f}")
assert turned.text == found.text and abs(turned.logprob - found.logprob) < 1e-3

# %% [markdown]
# ## Exercise 3
#
# It becomes 0.96: with one passage the prior is 1, whatever its score. It is the same passage and the same answer,
# and less is known about it: that other passages were considered, and how seriously, does not show any more.

# %%
alone = rag.answer(question, n_docs=1)
print(alone.text, f"{torch.tensor(alone.logprob).exp():.2f}")
assert alone.text == found.text and alone.logprob > found.logprob
