# %% [markdown]
# # Solutions to 03 Attention

# %%
import torch

from minirag.model.attention import KeysValues, MultiHeadAttention, explicit_attention

torch.manual_seed(0)
attention = MultiHeadAttention(width=8, heads=2).double().eval()
x = torch.randn(1, 3, 8, dtype=torch.float64)

# %% [markdown]
# ## Exercise 1
#
# The outputs are permuted in the same way, and otherwise the same: each word gathers the same things, wherever it
# stands. That is why BERT and BART add an embedding of the position to every word (tutorials 04 and 06).

# %%
order = [2, 1, 0]
there, _ = attention(x, attention.keys_values(x))
back, _ = attention(x[:, order], attention.keys_values(x[:, order]))
assert torch.allclose(back, there[:, order])
print("permuted in, permuted out")

# %% [markdown]
# ## Exercise 2
#
# One share becomes 1, the others 0, and the gradient vanishes: a query that is moved a little still picks the same.

# %%
q = torch.tensor([[[[1.0, 0.5]]]], dtype=torch.float64)
offered = KeysValues(torch.eye(2, dtype=torch.float64)[None, None], torch.eye(2, dtype=torch.float64)[None, None])
for factor in (1.0, 100.0):
    query = (factor * q).requires_grad_()
    states, weights = explicit_attention(query, offered, mask=None)
    states[..., 0].sum().backward()
    print(factor, [f"{share:.3f}" for share in weights.flatten().tolist()], f"gradient {query.grad.abs().max():.1e}")
assert weights.max() > 0.999 and query.grad.abs().max() < 1e-10

# %% [markdown]
# ## Exercise 3
#
# Four matrices of D × D and four biases of D: 4 D² + 4 D. The heads only divide the columns among themselves.

# %%
for heads in (1, 2, 4):
    print(heads, sum(parameter.numel() for parameter in MultiHeadAttention(8, heads).parameters()))
assert sum(parameter.numel() for parameter in attention.parameters()) == 4 * 8**2 + 4 * 8
