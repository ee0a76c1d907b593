# %% [markdown]
# # 15 Decoding RAG-Sequence: why does it need a search of its own?
#
# Modules: minirag/decoding/rag_sequence.py
#
# Paper: RAG §2.5
#
# RAG-Token mixes the passages at every step, so at every step there is one distribution over the next token, and
# ordinary beam search will do (tutorial 14). RAG-Sequence adds up whole answers, Σ_z p(z|x) p(y|x,z). That sum is no
# product of next-token mixtures with the prior: how much a passage counts would change with every token written. So the
# paper does not search in it token by token. What does it do instead?

# %% [markdown]
# ## Two passages, four answers
#
# Take the answers as wholes first. Two passages are equally likely to begin with; each of them, alone, would give one of four
# answers, with these probabilities.

# %%
import torch

ANSWERS = ["Paris", "Lyon", "Nice", "Lille"]
prior = torch.tensor([0.5, 0.5], dtype=torch.float64)  # p(z|x), (K,)
given = torch.tensor(  # p(y|x,z), (K, answers)
    [[0.40, 0.35, 0.25, 0.00], [0.00, 0.24, 0.30, 0.46]], dtype=torch.float64
)
for answer, p in zip(ANSWERS, (prior[:, None] * given).sum(dim=0), strict=True):
    print(f"{answer:6} {p:.3f}")

# %% [markdown]
# The best answer is Lyon, 0.295. Yet neither passage would have said Lyon: the first prefers Paris, the second Lille. What
# both find likely, neither finds likeliest. So it is not enough to ask each passage for its favourite.

# %% [markdown]
# ## A beam search per passage, then a vote
#
# The paper's recipe: let every passage search on its own, with W beams. All the answers that come out are candidates, Y.
# Then score each of them properly.
#
# * **thorough**: p(y|x) = Σ_z p(z|x) p(y|x,z), with p(y|x,z) computed anew for the passages whose beams lack y;
# * **fast**: the same sum, but p(y|x,z) counts as 0 where z did not find y by itself.
#
# By hand, with W beams a passage finds its W best answers:


# %%
def by_hand(W: int) -> tuple[dict[str, float], dict[str, float]]:
    """(thorough, fast): the candidates' scores."""
    beams = [set(row.topk(W).indices.tolist()) for row in given]
    candidates = sorted(set().union(*beams))
    whole, proposed_only = {}, {}
    for y in candidates:
        whole[ANSWERS[y]] = sum(float(prior[z] * given[z, y]) for z in range(2))
        proposed_only[ANSWERS[y]] = sum(float(prior[z] * given[z, y]) for z in range(2) if y in beams[z])
    return whole, proposed_only


for W in (1, 2, 3):
    for name, scores in zip(("thorough", "fast"), by_hand(W), strict=True):
        print(
            f"W = {W}  {name:8}",
            {answer: round(p, 3) for answer, p in scores.items()},
            "→",
            max(scores, key=scores.get),
        )

# %% [markdown]
# With one beam nobody proposes Lyon. With two, the first passage does; thorough decoding then asks the second one about it,
# too, and Lyon wins. Fast decoding does not ask, and stays with Lille. With three beams everybody has proposed Lyon, and
# the two agree. The fast score of an answer is never above the thorough one: terms are left out of a sum of positive
# numbers.

# %%
from minirag.plots import candidate_bars

shares = (prior[:, None] * given).T  # p(z|x) p(y|x,z), (answers, K)
proposed = torch.zeros_like(given).scatter(1, given.topk(2).indices, 1.0).T > 0  # among each passage's best two
figure = candidate_bars(shares, proposed, ANSWERS, ["passage 1", "passage 2"])
figure

# %% [markdown]
# ## The same with minirag's functions
#
# They take a generator and the encoder's states, so for once let us use the real thing: the shipped model, and a
# question for which the retriever is not sure of the best passage.

# %%
from minirag import RagSequenceForGeneration
from minirag.decoding.rag_sequence import candidates_per_passage, fast, thorough

rag = RagSequenceForGeneration.from_pretrained("weights/demo")
text = rag.rag.tokenizer.generator
sources = rag.rag.retrieve_for(["How hot must neon be to boil?"], n_docs=2)
encoded = rag.rag.encode(sources).last_hidden_state
doc_logprobs = sources.doc_logprobs()  # (1, K)
options = rag.search_options({"num_beams": 3, "num_return_sequences": 6})
arguments = (rag.generator, encoded, sources.context_attention_mask, doc_logprobs, options)

[beams] = candidates_per_passage(*arguments)
for passage, p, beam in zip(sources.passages[0], doc_logprobs[0].exp(), beams, strict=True):
    print(f"{passage.title}, p(z|x) = {p:.2f}: {passage.text}")
    for hypothesis in beam:
        print(f"    {text.decode(hypothesis.tokens):12} p(y|x,z) = {2.718281828**hypothesis.logprob:.3f}")

# %%
for name, decode in (("thorough", thorough), ("fast", fast)):
    [candidates] = decode(*arguments)
    print(f"{name:8}", {text.decode(c.tokens).strip(): round(2.718281828**c.logprob, 4) for c in candidates[:4]})

# %% [markdown]
# For the two that count thorough and fast agree to four digits: neither passage gives the other's answer a chance. (Neon
# boils at −246 °C. The retriever prefers the passage with its melting point, and nothing behind it can put that right.)
#
# ## Thorough is the likelihood of tutorial 11
#
# The score of a candidate is not something like p(y|x): it is p(y|x). Fill the table for one candidate by teacher forcing,
# and RAG-Sequence's likelihood of it is the same number.

# %%
from minirag.likelihood import rag_sequence_logprob

[candidates] = thorough(*arguments)
with torch.no_grad():
    for candidate in candidates:
        y = torch.tensor([candidate.tokens])
        table = rag.rag.token_logprobs(sources, rag.rag.encode(sources), y)  # (1, K, T)
        likelihood = rag_sequence_logprob(doc_logprobs, table, torch.ones_like(y[:, 1:], dtype=torch.bool))
        assert abs(likelihood.item() - candidate.logprob) < 1e-4
print(len(candidates), "candidates, each scored with its likelihood")

# %% [markdown]
# ## Where other code differs
#
# transformers differs here in several ways; `docs/deviations.md` lists them. What matters most is deviation 1: its
# thorough scores leave the prior out of answers of one scored token, so that the empty answer looks better than it is.
# It also encodes every passage again for every candidate; the states that were computed once will do.

# %% [markdown]
# ## Check yourself
#
# Both properties are held for random tables:
# `tests/decoding/test_rag_sequence.py::test_beams_as_wide_as_the_number_of_answers_rank_them_as_brute_force_does`,
# and that no fast score is above its thorough one by
# `tests/decoding/test_rag_sequence.py::test_the_fast_score_leaves_out_the_passages_that_did_not_propose_the_answer`.
#
# 1. Give the first passage seven tenths of the prior, the second three. Which answer is the best now, and how many beams
#    does each decoding need to find it?
# 2. Can thorough decoding with W beams miss the best answer, although every passage finds it among its W + 1 best? Build
#    a table.
# 3. With two beams and K passages there are at most 2K candidates. How many more forward passes does thorough decoding
#    make than fast decoding, at most and at least?
