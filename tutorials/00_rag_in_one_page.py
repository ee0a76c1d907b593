# %% [markdown]
# # 00 RAG in one page: how does a question get its answer?
#
# Modules: minirag/answer.py, minirag/rag/rag_token.py, minirag/rag/rag_sequence.py
#
# Paper: RAG §2, figure 1
#
# A language model that answers from memory cannot say where its answer comes from, and cannot be told that the world
# has changed. Retrieval-Augmented Generation (Lewis et al. 2020) looks the answer up first: it finds passages of text,
# reads each of them together with the question, and writes the answer, weighing the passages by how likely they are to
# be the right ones. How does it get from question to answer, with nothing left out? Every later tutorial takes one step
# of this page and opens it.

# %% [markdown]
# ## Ask
#
# The model and the 1,462 passages about countries and chemical elements come with minirag. The model was trained on an
# invented world and has never seen a real fact: whatever it says here, it has just read.

# %%
from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
answer = rag.answer("What is the name of the highest point in Mali?", n_docs=3)
print(f"{answer.text}, probability {2.718281828**answer.logprob:.2f}")
for passage in answer.passages:
    print(f"prior {passage.prior:.2f}, posterior {passage.posterior:.2f}  {passage.title}: {passage.text[:70]}…")

# %% [markdown]
# The *prior* is what the retriever thought of a passage before anything was written, the *posterior* what one has to think
# of it after the answer is known. Now the same, step by step.

# %% [markdown]
# ## 1. The question becomes a vector
#
# The question encoder is a small BERT; its vector q(x) has as many numbers as each passage's vector d(z), and those were
# computed when the knowledge base was made.

# %%
import torch

question = "What is the name of the highest point in Mali?"
tokens = rag.rag.tokenizer.question_encoder([question])
with torch.no_grad():
    q = rag.question_encoder(tokens.input_ids, tokens.attention_mask).pooler_output  # (1, D)
print("token ids", tokens.input_ids.tolist()[0])
print("q(x) has", q.shape[1], "numbers, and starts", [round(number, 2) for number in q[0, :4].tolist()])

# %% [markdown]
# ## 2. The best passages are found
#
# Best means the largest inner product d(z)ᵀq(x). Here is the plain way: all 1,462 of them, sorted. The knowledge base
# does the same, or asks an index when there are too many passages to look at all of them.

# %%
knowledge_base = rag.retriever.knowledge_base
every_row = torch.arange(len(knowledge_base))[None]  # (1, N)
d = knowledge_base.vectors_of(every_row)[0]  # (N, D)
scores, rows = (d @ q[0]).topk(3)
found_scores, found_rows = knowledge_base.search(q, k=3)
assert rows.tolist() == found_rows[0].tolist()
print(len(d), "passages; the best three:", [f"{score:.2f}" for score in scores.tolist()])

# %% [markdown]
# A softmax over the scores of these three makes the prior p(z|x), the retriever of the paper (§2.2).

# %%
prior = scores.softmax(dim=0)  # (K,)
print("p(z|x) =", [f"{p:.2f}" for p in prior.tolist()])

# %% [markdown]
# ## 3. The generator reads each passage with the question
#
# Passage and question are joined into one text. BART's encoder reads the three texts side by side.

# %%
sources = rag.rag.retrieve_for([question], n_docs=3)
print(rag.rag.tokenizer.generator.decode(sources.context_input_ids[0]))
encoded = rag.rag.encode(sources)
print("encoder states:", list(encoded.last_hidden_state.shape), "= passages, source tokens, width")

# %% [markdown]
# ## 4. The answer is written, token by token
#
# After the start token, each passage proposes a next token with its own probabilities. RAG-Token mixes them with the
# prior, p′(v|x) = Σ_z p(z|x) p(v|x,z), and here the most likely one is taken: greedy search. Then all three passages go
# on from there. (`answer` searches with four beams, tutorial 13, and finds the same.)

# %%
generator, bart = rag.rag.tokenizer.generator, rag.generator
written = [bart.config.decoder_start_token_id]
posteriors = []
with torch.no_grad():
    while written[-1] != bart.config.eos_token_id:
        prefix = torch.tensor([written]).expand(3, -1)  # the same for every passage
        logits = bart.decode(prefix, encoded.last_hidden_state, sources.context_attention_mask).logits[:, -1]  # (K, V)
        of_each = logits.softmax(dim=-1)
        mixed = (prior[:, None] * of_each).sum(dim=0)  # (V,)
        best = int(mixed.argmax())
        posteriors.append(prior * of_each[:, best] / mixed[best])  # Bayes: which passage gave this token?
        each = " ".join(f"{p:.2f}" for p in of_each[:, best].tolist())
        print(
            f"{generator.decode([best], skip_special_tokens=False)!r:10} of each passage {each}   mixed {mixed[best]:.2f}"
        )
        written.append(best)
assert generator.decode(written).strip() == answer.text

# %% [markdown]
# The first passage is nearly sure of every token; the other two would have written something else. The mixture can
# hardly be surer of a token than the prior is of the passages that agree on it, and RAG-Token pays that price for every
# token anew: that is where the low probability at the top of the page comes from. RAG-Sequence chooses one passage for
# the whole answer, and pays once.

# %%
from minirag import RagSequenceForGeneration

sequence = RagSequenceForGeneration.from_pretrained("weights/demo")  # the same weights
print(f"RAG-Sequence: {2.718281828 ** sequence.answer(question, n_docs=3).logprob:.2f}")

# %% [markdown]
# ## 5. Which passage was it?
#
# Bayes' rule, applied to every mixture above, says where each token came from. This is figure 2 of the paper, and what
# `answer` reports. The posterior of a passage, at the top of this page, is the mean over the tokens, the end included.

# %%
from minirag.plots import token_posterior

with_end = torch.stack(posteriors, dim=1)  # (K, T + 1)
print("mean of each row:", [f"{p:.2f}" for p in with_end.mean(dim=1).tolist()])
by_hand = with_end[:, :-1]  # (K, T); the end has no text
assert torch.allclose(by_hand, answer.token_posterior, atol=1e-4)
figure = token_posterior(by_hand, answer.tokens, [passage.title for passage in answer.passages])
figure

# %% [markdown]
# ## Where to go from here
#
# Text becomes numbers in tutorials 01 and 02; the networks are 03 to 07; finding passages is 08 to 10; the two likelihoods
# are 11, and 12 joins everything; 13 to 15 search for answers; 19 brings your own documents.
#
# ## Check yourself
#
# That `answer` reports the probabilities and posteriors of the likelihood is held by
# `tests/test_answer.py::test_the_posterior_is_what_the_gradient_of_the_loss_says`.
#
# 1. Ask for the highest point of Mali with n_docs=1 and with n_docs=5. Which numbers change, and why?
# 2. Give the model a passage of your own that says that another mountain is the highest of Mali. Which does it believe?
# 3. Step 4 is greedy. Draw each token at random from `mixed` instead, a hundred times. How often does the answer come out
#    as above? What would you expect from its probability?
