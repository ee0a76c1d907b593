# %% [markdown]
# # 11 Likelihood: how likely is an answer?
#
# Modules: minirag/likelihood.py
#
# Paper: RAG §2.1
#
# Five passages were found, each with a probability. The generator has read each of them with the question, and says how
# likely every token of an answer is. How likely is the answer? The paper gives two replies, RAG-Sequence and RAG-Token.
# In a large implementation the two equations are hard to find among everything else. Here is all there is to find: one
# table of numbers, and two ways to add it up.

# %% [markdown]
# ## The smallest example that can go wrong
#
# Two passages, an answer of two tokens. The retriever gives the first passage 0.6 and the second 0.4. The first passage
# knows how the answer begins, the second how it ends.

# %%
import torch

prior = torch.tensor([0.6, 0.4], dtype=torch.float64)  # p(z|x), (K,)
table = torch.tensor(  # p(y_t | x, z, y_<t), (K, T): a row per passage, a column per token
    [[0.5, 0.2], [0.1, 0.9]],
    dtype=torch.float64,
)
K, T = table.shape

# %% [markdown]
# ## RAG-Sequence: one passage explains the whole answer
#
# Pick a passage once, then write the answer from it. So multiply along each row, and mix the products:
#
# p(y|x) = Σ_z p(z|x) Π_t p(y_t | x, z, y_<t)

# %%
sequence = 0.0
for z in range(K):
    of_this_passage = 1.0
    for t in range(T):
        of_this_passage *= table[z, t].item()
    print(f"passage {z + 1}: {prior[z]:.1f} · {of_this_passage:.2f} = {prior[z] * of_this_passage:.3f}")
    sequence += prior[z].item() * of_this_passage
print(f"RAG-Sequence: {sequence:.3f}")

# %% [markdown]
# ## RAG-Token: each token may come from another passage
#
# Pick a passage afresh for every token. So mix down each column, and multiply the mixtures:
#
# p(y|x) = Π_t Σ_z p(z|x) p(y_t | x, z, y_<t)

# %%
token = 1.0
for t in range(T):
    mixed = 0.0
    for z in range(K):
        mixed += prior[z].item() * table[z, t].item()
    print(f"token {t + 1}: 0.6 · {table[0, t]:.1f} + 0.4 · {table[1, t]:.1f} = {mixed:.2f}")
    token *= mixed
print(f"RAG-Token: {token:.4f}, {token / sequence:.1f} times as much")

# %% [markdown]
# The same table, and one number is 1.7 times the other: no passage knows the whole answer, and only RAG-Token may change
# its mind between two tokens.

# %% [markdown]
# ## minirag's functions
#
# They say the same with logarithms, because a product of hundreds of probabilities is soon smaller than the smallest
# number a computer has: products become sums, and Σ becomes `logsumexp`. They take a batch, B questions at once, and a
# mask, because answers differ in length.

# %%
from minirag.likelihood import rag_sequence_logprob, rag_token_logprob

doc_logprobs, token_logprobs = prior.log()[None], table.log()[None]  # (1, K), (1, K, T)
mask = torch.ones(1, T, dtype=torch.bool)

assert torch.isclose(rag_sequence_logprob(doc_logprobs, token_logprobs, mask).exp(), torch.tensor([sequence]).double())
assert torch.isclose(rag_token_logprob(doc_logprobs, token_logprobs, mask).exp(), torch.tensor([token]).double())
print("both agree with the loops")

# %% [markdown]
# Here is the whole idea in one picture. In nats, −log of a probability, products are sums: RAG-Sequence adds up each row
# and mixes on the right; RAG-Token mixes each column and adds up below.

# %%
from minirag.plots import likelihood_table

figure = likelihood_table(doc_logprobs[0], token_logprobs[0], ["token 1", "token 2"], ["passage 1", "passage 2"])
figure

# %% [markdown]
# ## They are probabilities
#
# A likelihood that is one has to sum to 1 over everything that could have been written. Take a vocabulary of two tokens
# and answers of exactly two tokens: four answers in all. Give every passage its own next-token distribution for every
# prefix, and add up.

# %%
from itertools import product

generator = torch.Generator().manual_seed(0)
first = torch.rand(K, 2, generator=generator).double()  # p(y_1 | x, z) before normalising
second = torch.rand(K, 2, 2, generator=generator).double()  # p(y_2 | x, z, y_1)
first, second = first / first.sum(-1, keepdim=True), second / second.sum(-1, keepdim=True)

for name, logprob in (("RAG-Sequence", rag_sequence_logprob), ("RAG-Token", rag_token_logprob)):
    total = 0.0
    for y1, y2 in product(range(2), repeat=2):
        cells = torch.stack([first[:, y1], second[:, y1, y2]], dim=1).log()[None]  # (1, K, T)
        total += logprob(doc_logprobs, cells, mask).exp().item()
    print(f"{name}: the four answers sum to {total:.6f}")

# %% [markdown]
# With one passage there is nothing to mix, and with one token there is nothing to change one's mind about: in both cases
# the two likelihoods are the same number. (In transformers' RAG-Sequence they are not: it adds the prior at the second
# token, and loses it where there is none. See deviation 1 in `docs/deviations.md`.)

# %%
one = (doc_logprobs, token_logprobs[:, :, :1], mask[:, :1])
print(f"{rag_sequence_logprob(*one).exp().item():.2f} and {rag_token_logprob(*one).exp().item():.2f}")
assert torch.equal(rag_sequence_logprob(*one), rag_token_logprob(*one))

# %% [markdown]
# ## Which passage was it?
#
# Bayes' rule turns the sum around. Of the 0.096 above, 0.060 came through the first passage: that share is its posterior.
# RAG-Sequence has one posterior for the answer, RAG-Token has one for every token.

# %%
from minirag.likelihood import passage_posterior, rag_token_posterior

of_answer = passage_posterior(doc_logprobs, token_logprobs, mask)[0]  # (K,)
of_tokens = rag_token_posterior(doc_logprobs, token_logprobs, mask)[0]  # (K, T)
print(f"by hand: {0.6 * 0.5 * 0.2 / sequence:.3f}, minirag: {of_answer[0]:.3f}")
print(f"by hand: {0.6 * 0.5 / 0.34:.3f}, {0.6 * 0.2 / 0.48:.3f}, minirag: {of_tokens[0, 0]:.3f}, {of_tokens[0, 1]:.3f}")

# %% [markdown]
# ## What the question encoder learns from it
#
# Nobody tells the retriever which passage is right. It learns from the answer alone, because the scores d(z)ᵀq(x) stand
# inside the likelihood. Their gradient is as short as an equation can be:
#
# ∂ log p(y|x) / ∂ score_z = posterior_z − prior_z
#
# A passage that explained the answer better than expected is pushed up, the others down, and all pushes sum to 0. For
# RAG-Token every token pushes once: Σ_t posterior_{t,z} − T · prior_z.

# %%
from minirag.likelihood import doc_logprobs as normalised

scores = prior.log()[None].clone().requires_grad_()  # any scores with this softmax will do
rag_sequence_logprob(normalised(scores), token_logprobs, mask).sum().backward()
print("gradient         ", [round(g, 4) for g in scores.grad[0].tolist()])
print("posterior − prior", [round(g, 4) for g in (of_answer - prior).tolist()])
assert torch.allclose(scores.grad[0], of_answer - prior)

scores.grad = None
rag_token_logprob(normalised(scores), token_logprobs, mask).sum().backward()
assert torch.allclose(scores.grad[0], of_tokens.sum(dim=1) - T * prior)

# %% [markdown]
# ## A real one
#
# The shipped model, a question about the real world, and the two passages that its retriever found most likely. The
# second is about another country and also knows a capital, so it is a serious rival until the first token is there.

# %%
from minirag import RagSequenceForGeneration

rag = RagSequenceForGeneration.from_pretrained("weights/demo")
answer = rag.answer("Which city is the capital of Italy?", n_docs=2)
print(f"{answer.text}: p(y|x) = {torch.tensor(answer.logprob).exp():.2f}")
for passage, belief in zip(answer.passages, answer.token_posterior, strict=True):
    print(f"{passage.title:16} prior {passage.prior:.2f}, after each token", [f"{p:.2f}" for p in belief.tolist()])
    print("   ", passage.text)
print("tokens:", answer.tokens)

# %%
from minirag.plots import token_posterior

figure = token_posterior(answer.token_posterior, answer.tokens, [passage.title for passage in answer.passages])
figure

# %% [markdown]
# ## Check yourself
#
# The property tests draw thousands of such tables, with padding and missing passages, and compare with loops like those
# above: `tests/test_likelihood.py::test_the_likelihood_is_the_sum_over_passages_that_the_paper_writes`, and for the
# gradient `::test_the_score_gradient_of_rag_sequence_is_posterior_minus_prior`.
#
# 1. In the example RAG-Token gives more than RAG-Sequence. Find a table for which it is the other way round. What do its
#    rows have in common?
# 2. Split the first passage into two copies with a prior of 0.3 each. Which of the numbers above change?
# 3. The best single passage gives the example's answer 0.10, the worst 0.09, and RAG-Sequence lies between: 0.096. Does
#    it always? And RAG-Token?
