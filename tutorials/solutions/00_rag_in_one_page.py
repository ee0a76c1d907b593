# %% [markdown]
# # Solutions to 00 RAG in one page

# %%
import torch

from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
question = "What is the name of the highest point in Mali?"

# %% [markdown]
# ## Exercise 1
#
# The answer is the same, its probability is not: the prior is a softmax over the passages that were retrieved, so
# with one passage it is 1, and with five the three we know share it with two more. Scores do not change, shares do.

# %%
found = {n: rag.answer(question, n_docs=n) for n in (1, 3, 5)}
for n, answer in found.items():
    priors = [f"{passage.prior:.2f}" for passage in answer.passages]
    print(f"n_docs={n}: {answer.text}, {torch.tensor(answer.logprob).exp():.2f}, priors {priors}")
assert len({answer.text for answer in found.values()}) == 1
assert found[1].logprob > found[3].logprob > found[5].logprob

# %% [markdown]
# ## Exercise 2
#
# The passage. The model has no opinion about Mali: its weights have only seen invented worlds.

# %%
told = rag.answer(question, passages=[("Mali", "The highest point of Mali is Mount Lovelace.")])
print(told.text)
assert told.text == "Mount Lovelace"

# %% [markdown]
# ## Exercise 3
#
# As often as its probability says, 0.06: about 6 times in a hundred, give or take two. `sample` draws many at once.

# %%
from minirag.decoding.rag_token import rag_token_decode

sources = rag.rag.retrieve_for([question], n_docs=3)
encoded = rag.rag.encode(sources).last_hidden_state
options = rag.search_options(
    {"do_sample": True, "top_k": 0, "num_return_sequences": 100, "seed": 0, "length_penalty": 1.0, "num_beams": 1}
)
[drawn] = rag_token_decode(rag.generator, encoded, sources.context_attention_mask, sources.doc_logprobs(), options)
texts = [rag.rag.tokenizer.generator.decode(hypothesis.tokens).strip() for hypothesis in drawn]
print(texts.count(found[3].text), "of 100; for example", sorted(set(texts))[:6])
assert 1 <= texts.count(found[3].text) <= 16
