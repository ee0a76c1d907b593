# %% [markdown]
# # 14 Decoding RAG-Token: how do five passages write one answer together?
#
# Modules: minirag/decoding/rag_token.py, minirag/likelihood.py
#
# Paper: RAG §2.5
#
# In RAG-Token every token may come from another passage. While the answer is being written nobody knows which; but how
# likely a next token is, whichever passage it comes from, can be said at every step. So the five passages become one
# model, and any search that works for one model (tutorial 13) works for them.

# %% [markdown]
# ## One step, by hand
#
# Three words, two passages. The prior says 0.7 and 0.3. The question was what a metal is called; the first passage has
# its symbol, the second its name.

# %%
import torch

WORDS = ["iron", "Fe", "steel"]
prior = torch.tensor([0.7, 0.3], dtype=torch.float64)  # p(z|x), (K,)
next_word = torch.tensor([[0.2, 0.5, 0.3], [0.9, 0.0, 0.1]], dtype=torch.float64)  # p(v|x,z), (K, V)

mixed = [sum(float(prior[z] * next_word[z, v]) for z in range(2)) for v in range(3)]
for word, p in zip(WORDS, mixed, strict=True):
    print(f"{word:6} {p:.2f}")
print(f"together {sum(mixed):.2f}")

# %% [markdown]
# p′(v | x, y_<t) = Σ_z p(z|x) p(v | x, z, y_<t)
#
# It is a distribution over the vocabulary like any other: it sums to 1. The most likely word is "iron", 0.41, though the
# passage that is more likely by far would have said "Fe". In logarithms, for a whole batch of questions and beams:

# %%
from minirag.likelihood import next_token_mixture

ours = next_token_mixture(prior.log()[None], next_word.log()[None, :, None])  # (B, K), (B, K, W, V) → (B, W, V)
assert torch.allclose(ours.exp()[0, 0], torch.tensor(mixed, dtype=torch.float64))
print([f"{p:.2f}" for p in ours.exp()[0, 0].tolist()])

# %% [markdown]
# ## A step for any search
#
# `rag_token_step` asks the generator about the same W prefixes in all K passages, mixes, and hands the W distributions to
# whoever searches. The passages are encoded once; they are B·K rows for the generator, and B questions for the search.

# %%
from minirag import RagTokenForGeneration
from minirag.decoding.rag_token import rag_token_step

rag = RagTokenForGeneration.from_pretrained("weights/demo")
text = rag.rag.tokenizer.generator
sources = rag.rag.retrieve_for(["What is the name of the highest point in Mali?"], n_docs=3)
with torch.no_grad():
    encoded = rag.rag.encode(sources).last_hidden_state  # (B*K, S, D)
    doc_logprobs = sources.doc_logprobs()  # (B, K)
    step = rag_token_step(rag.generator, encoded, sources.context_attention_mask, doc_logprobs, num_beams=1)

    print("p(z|x) =", [f"{p:.2f}" for p in doc_logprobs[0].exp().tolist()])
    prefix, start = [rag.generator.config.decoder_start_token_id], None
    while prefix[-1] != rag.generator.config.eos_token_id:
        p = step(torch.tensor([[prefix]]), start)[0, 0].exp()  # (V,)
        best = p.topk(3)
        shown = [f"{text.decode([int(i)], skip_special_tokens=False)!r} {p[i]:.3f}" for i in best.indices]
        print("   ".join(shown), f"  (sum {p.sum():.4f})")
        prefix, start = [*prefix, int(best.indices[0])], torch.zeros(1, 1, dtype=torch.long)
print(text.decode(prefix))

# %% [markdown]
# Those were the steps of greedy search. The prior of the three passages was 0.70, 0.30 and 0.00, and only the first names
# the highest point of Mali: no token of its name can be likelier than about 0.7, however sure that passage is. The rest of
# each distribution is what Malawi's would have written instead.

# %% [markdown]
# ## The chain of mixtures is the likelihood
#
# Multiply the mixtures along an answer and what comes out is exactly RAG-Token's p(y|x) of tutorial 11: the search
# maximises the thing itself. (RAG-Sequence has no such luck: tutorial 15.)

# %%
from minirag.decoding.rag_token import rag_token_decode
from minirag.likelihood import rag_token_logprob

options = rag.search_options({"num_beams": 4, "num_return_sequences": 4})
[hypotheses] = rag_token_decode(rag.generator, encoded, sources.context_attention_mask, doc_logprobs, options)
with torch.no_grad():
    for hypothesis in hypotheses:
        y = torch.tensor([hypothesis.tokens])
        table = rag.rag.token_logprobs(sources, rag.rag.encode(sources), y)  # (1, K, T)
        likelihood = rag_token_logprob(doc_logprobs, table, torch.ones_like(y[:, 1:], dtype=torch.bool))
        print(
            f"{text.decode(hypothesis.tokens):24} log p′ added up {hypothesis.logprob:.4f}, likelihood {likelihood.item():.4f}"
        )
        assert abs(likelihood.item() - hypothesis.logprob) < 1e-4

# %% [markdown]
# ## Which passage gave which token?
#
# At every step the mixture can be taken apart again: p(z | x, y_≤t) ∝ p(z|x) p(y_t | x, z, y_<t). This is figure 2 of the
# paper, for our question.

# %%
from minirag.plots import token_posterior

answer = rag.answer("What is the name of the highest point in Mali?", n_docs=3)
print(f"{answer.text}, p(y|x) = {torch.tensor(answer.logprob).exp():.2f}")
for passage, row in zip(answer.passages, answer.token_posterior.tolist(), strict=True):
    print(f"{passage.title:10}", [f"{p:.2f}" for p in row])
figure = token_posterior(answer.token_posterior, answer.tokens, [passage.title for passage in answer.passages])
figure

# %% [markdown]
# ## Check yourself
#
# Random tables hold it: the mixtures sum to 1 (`tests/test_likelihood.py::test_the_mixture_sums_to_1_over_the_vocabulary`),
# their chain is the likelihood (`tests/test_likelihood.py::test_the_chain_of_mixtures_is_the_rag_token_likelihood`), and
# wide beams rank the answers as trying them all does:
# `tests/decoding/test_rag_token.py::test_a_beam_as_wide_as_the_number_of_answers_ranks_them_as_brute_force_does`.
#
# 1. For which prior of the first passage does "Fe" become the most likely word of the example? Solve it, then try.
# 2. Show with the shipped model that the order of the passages makes no difference to the answer.
# 3. The answer above has probability 0.06 although its passage is sure of it. Ask again with n_docs=1. What becomes of the
#    probability, and is the answer more trustworthy for it?
