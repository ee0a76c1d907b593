# %% [markdown]
# # Solutions to 11 Likelihood

# %%
import torch

from minirag.likelihood import rag_sequence_logprob, rag_token_logprob


def both_likelihoods(prior: list[float], table: list[list[float]]) -> tuple[float, float]:
    """p(y|x) of RAG-Sequence and RAG-Token for one question."""
    doc_logprobs = torch.tensor([prior], dtype=torch.float64).log()
    token_logprobs = torch.tensor([table], dtype=torch.float64).log()
    mask = torch.ones(1, token_logprobs.shape[2], dtype=torch.bool)
    likelihoods = (rag_sequence_logprob, rag_token_logprob)
    sequence, token = (logprob(doc_logprobs, token_logprobs, mask).exp().item() for logprob in likelihoods)
    return sequence, token


# %% [markdown]
# ## Exercise 1
#
# One passage that knows the whole answer and one that knows nothing of it. Then the tokens are not independent: if
# the passage was right about the first, it is the one that will be right about the second. RAG-Sequence remembers which
# passage it was, RAG-Token asks afresh. (For two tokens the difference is exactly the covariance of the two columns under
# the prior: positive when the passages that favour one token favour the other.)

# %%
sequence, token = both_likelihoods([0.5, 0.5], [[0.9, 0.9], [0.1, 0.1]])
print(f"RAG-Sequence {sequence:.2f}, RAG-Token {token:.2f}")
assert sequence > token
covariance = 0.5 * (0.9 - 0.5) * (0.9 - 0.5) + 0.5 * (0.1 - 0.5) * (0.1 - 0.5)
assert abs(sequence - token - covariance) < 1e-12

# %% [markdown]
# ## Exercise 2
#
# Neither likelihood changes: a sum does not care whether 0.6 of a number is added at once or in two halves. (The
# posterior of the first passage is shared between its copies.)

# %%
whole = both_likelihoods([0.6, 0.4], [[0.5, 0.2], [0.1, 0.9]])
split = both_likelihoods([0.3, 0.3, 0.4], [[0.5, 0.2], [0.5, 0.2], [0.1, 0.9]])
print([round(p, 4) for p in whole], [round(p, 4) for p in split])
assert all(abs(p - q) < 1e-12 for p, q in zip(whole, split, strict=True))

# %% [markdown]
# ## Exercise 3
#
# RAG-Sequence is a weighted mean of what each passage alone would say, so it always lies between the worst and the
# best of them. RAG-Token need not: it may take each token from the passage that knows it. In the example it says 0.1632,
# more than either passage.

# %%
sequence, token = whole
alone = [0.5 * 0.2, 0.1 * 0.9]
print(f"worst {min(alone):.2f}, best {max(alone):.2f}, RAG-Sequence {sequence:.3f}, RAG-Token {token:.4f}")
assert min(alone) <= sequence <= max(alone) < token
