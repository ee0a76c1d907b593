# %% [markdown]
# # 03 Attention: how does one word look at the others?
#
# Modules: minirag/model/attention.py
#
# Paper: Vaswani et al. 2017, §3.2
#
# Question encoder, context encoder and generator are three networks, and one block does the work in all of them. It lets
# every position of a text gather from the other positions what it needs. What does it compute, and what has to be true of
# it so that padding, word order and answers that are not written yet do no harm?

# %% [markdown]
# ## Three words, two numbers each
#
# A position asks with a query q, offers a key k to be found by, and a value v to be taken. How well q and k agree is their
# inner product; a softmax over all positions turns agreement into shares; the shares weigh the values.

# %%
import torch

q = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)  # (S, E)
k = torch.tensor([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]], dtype=torch.float64)
v = torch.tensor([[10.0, 0.0], [0.0, 10.0], [5.0, 5.0]], dtype=torch.float64)
S, E = q.shape

by_hand, shares = [], []
for i in range(S):
    agreement = [sum(float(q[i, e] * k[j, e]) for e in range(E)) / E**0.5 for j in range(S)]
    weights = [2.718281828459045**a for a in agreement]
    shares.append([w / sum(weights) for w in weights])
    by_hand.append([sum(shares[i][j] * float(v[j, e]) for j in range(S)) for e in range(E)])
    print(
        f"word {i + 1} looks at", [f"{share:.2f}" for share in shares[i]], "and takes", [f"{x:.2f}" for x in by_hand[i]]
    )

# %% [markdown]
# With a row for each of S positions and a column for each of E numbers, in one formula:
#
# softmax(Q Kᵀ / √E) V
#
# The first word's query points where the first key points, so it takes most of the first value; the third finds the
# first two equally good. The division by √E keeps the softmax soft: the inner product of two vectors of E random
# numbers of spread 1 has a spread of √E, and without it, for large E, one share would be nearly 1 and the gradient
# nearly gone.

# %%
from minirag.model.attention import KeysValues, explicit_attention, fused_attention

one_head = (q[None, None], KeysValues(k[None, None], v[None, None]))  # (B, H, S, E) with B = H = 1
states, weights = explicit_attention(*one_head, mask=None)
assert torch.allclose(states[0, 0], torch.tensor(by_hand, dtype=torch.float64))
assert torch.allclose(weights[0, 0], torch.tensor(shares, dtype=torch.float64))
assert torch.allclose(fused_attention(*one_head, mask=None), states)
print("loop, explicit and fused agree")

# %% [markdown]
# minirag has both: `explicit_attention`, which can show its weights, and `fused_attention`, which never stores them and is
# what runs unless somebody asks. The same numbers come out.

# %% [markdown]
# ## What must not be looked at
#
# Two masks say where a query may look. *Padding* fills short rows of a batch; nobody may look at it. And BART's decoder,
# while it learns, gets the whole answer at once; position t may look at positions up to t, or it would copy the next
# token instead of predicting it. A forbidden score becomes −∞ before the softmax, so its share is exactly 0.

# %%
from minirag.model.attention import causal_mask, padding_mask

real = torch.tensor([[True, True, False]])
_, padded = explicit_attention(*one_head, mask=padding_mask(real))
_, causal = explicit_attention(*one_head, mask=causal_mask(S, q.device))
print("padding:", [[f"{share:.2f}" for share in row] for row in padded[0, 0].tolist()])
print("causal: ", [[f"{share:.2f}" for share in row] for row in causal[0, 0].tolist()])
assert (padded[..., 2] == 0).all() and (causal[0, 0].triu(1) == 0).all()

# %% [markdown]
# What hides behind a mask cannot matter. Put any number there, and nothing changes:

# %%
wild = KeysValues(k[None, None].clone(), v[None, None].clone())
wild.keys[..., 2, :], wild.values[..., 2, :] = 1e6, -1e6
assert torch.equal(
    explicit_attention(one_head[0], wild, padding_mask(real))[0],
    explicit_attention(*one_head, padding_mask(real))[0],
)
print("a million behind the mask changes nothing")

# %% [markdown]
# ## Several heads
#
# One softmax can look at one thing. A word may need its verb and its adjective at the same time, so the D numbers of a
# state are split into H parts of E = D / H, and each part attends by itself. Queries, keys and values are linear
# functions of the states, and so is what the joined heads become:
#
# Concat(head_1 … head_H) W_O, head_i = softmax(Q_i K_iᵀ / √E) V_i

# %%
from minirag.model.attention import MultiHeadAttention, join_heads, split_heads

torch.manual_seed(0)
attention = MultiHeadAttention(width=8, heads=2).double().eval()
x = torch.randn(1, 5, 8, dtype=torch.float64)  # (B, S, D)
ours, _ = attention(x, attention.keys_values(x))

heads = []
for i in range(2):  # the naive way: one head after the other, each with its four columns
    part = slice(4 * i, 4 * i + 4)
    Q, K, V = (linear(x)[0, :, part] for linear in (attention.query, attention.key, attention.value))
    heads.append((Q @ K.T / 4**0.5).softmax(dim=-1) @ V)
assert torch.allclose(attention.output(torch.cat(heads, dim=-1)), ours[0])
assert torch.equal(join_heads(split_heads(x, 2)), x)
print("two heads, one after the other or at once: the same", list(ours.shape))

# %% [markdown]
# ## In the shipped model
#
# Here is the last layer of the shipped question encoder, reading a question. Each panel is a head, each row a token that
# looks, each column a token that is looked at.

# %%
from minirag import RagTokenForGeneration
from minirag.plots import attention_map

rag = RagTokenForGeneration.from_pretrained("weights/demo")
tokenizer = rag.rag.tokenizer.question_encoder
batch = tokenizer(["What is the capital of Mongolia?"])
with torch.no_grad():
    read = rag.question_encoder(batch.input_ids, batch.attention_mask, output_attentions=True)
last = read.attentions[-1][0]  # (H, S, S)
tokens = [tokenizer.decode([i], skip_special_tokens=False) for i in batch.input_ids[0].tolist()]
print(tokens)
print("rows sum to", [f"{total:.2f}" for total in last[0].sum(dim=-1).tolist()])
figure = attention_map(last, tokens, tokens)
figure

# %% [markdown]
# In each head nearly all rows look at the same few columns: heads 2 to 5 at pieces of the country's name, the other two
# at the word that says what is asked for. Both have to reach [CLS], the first row: its state becomes q(x) (tutorial
# 05).

# %% [markdown]
# ## Check yourself
#
# That masked positions cannot matter is held by `tests/model/test_attention.py::test_what_is_masked_cannot_change_the_result`,
# and the loop of the first cell is there, too:
# `tests/model/test_attention.py::test_explicit_attention_is_the_weighted_mean_that_a_loop_computes`.
#
# 1. Attention without positions cannot tell "dog bites man" from "man bites dog". Show it: permute the rows of x and
#    compare the outputs.
# 2. Multiply all queries by 100. What becomes of the shares, and of the gradient with respect to the queries?
# 3. How many parameters has a `MultiHeadAttention` of width D with H heads? Does H matter?
