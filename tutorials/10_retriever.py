# %% [markdown]
# # 10 Retriever: how does a question become what the generator reads?
#
# Modules: minirag/retrieval/retriever.py, minirag/retrieval/knowledge_base.py, minirag/text/generator_input.py
#
# Paper: RAG §2.2, §2.3
#
# Tutorial 05 made vectors, 09 found the nearest ones. Between that and the generator stands a small piece of work that is
# easy to get wrong: the passages found have to be put in front of the question, cut to a length, and scored in a way that
# lets the question encoder learn. That piece is the retriever. It knows a knowledge base and no network.
#
# ## A knowledge base of three passages
#
# Vectors come from anywhere; here we write them down, so that every score can be checked by hand.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from minirag import Passage, build_knowledge_base

passages = [
    Passage("iron", "Iron", "Iron melts at 1538 °C."),
    Passage("mars", "Mars", "Mars has two moons, Phobos and Deimos."),
    Passage("gold", "Gold", "Gold melts at 1064 °C."),
]
d = {"iron": [2.0, 0.0], "mars": [0.0, 1.0], "gold": [1.5, 0.5]}
place = TemporaryDirectory()
knowledge_base = build_knowledge_base(
    Path(place.name) / "kb",
    passages,
    encode=lambda those: torch.tensor([d[passage.id] for passage in those]),
    fingerprint="written by hand",
    dtype="float32",
)
print(sorted(path.name for path in knowledge_base.folder.iterdir()))

# %% [markdown]
# Passages in one file (SQLite, with a full-text index for tutorial 08), vectors in another, and a sidecar that says what
# belongs together, with checksums: which encoder made the vectors, how many there are, how they are searched.
#
# ## Top K, and the scores once more
#
# A question with q(x) = (1, 2). By hand: 2, 2 and 2.5; so gold comes first, and iron and Mars share the second place.

# %%
from minirag import RagRetriever, RagTokenForGeneration

print("by hand:", {name: 1.0 * vector[0] + 2.0 * vector[1] for name, vector in d.items()})

rag = RagTokenForGeneration.from_pretrained("weights/demo")
retriever = RagRetriever(rag.config, knowledge_base, rag.rag.tokenizer)
q = torch.tensor([[1.0, 2.0]], requires_grad=True)
found = retriever.retrieve(q, n_docs=2)
print(
    "found:  ",
    [(passage.id, score) for passage, score in zip(found.passages[0], found.doc_scores[0].tolist(), strict=True)],
)
assert found.passages[0][0].id == "gold" and found.doc_scores[0, 0].item() == 2.5

# %% [markdown]
# The search itself has no gradient: which rows are best is a decision, not a number. So the scores of the rows that were
# found are computed once more, d(z)ᵀq(x), and those can be differentiated. The gradient reaches the question and stops at
# the knowledge base, as §2.4 of the paper has it.

# %%
found.doc_scores.sum().backward()
print("gradient of the scores' sum with respect to q:", q.grad.tolist(), "= the sum of the two vectors")
assert torch.equal(q.grad[0], found.vectors[0].sum(dim=0))

# %% [markdown]
# More passages asked for than there are? Then there are as many as there are. (transformers repeats the last one with a
# vector of zeros, which changes the prior: deviation 6 in `docs/deviations.md`.)

# %%
print("asked for 5, got", retriever.retrieve(q.detach(), n_docs=5).doc_scores.shape[1])

# %% [markdown]
# ## What the generator reads
#
# Title, text and question in one string, `title / text // question`: the separators are those that published models were
# trained with.

# %%
text = rag.rag.tokenizer.generator
batch = retriever.postprocess_docs(found.passages, ["How hot must gold be to melt?"])
for ids, mask in zip(batch.input_ids, batch.attention_mask, strict=True):
    print(f"{int(mask.sum())} tokens: {text.decode(ids[mask], skip_special_tokens=False)}")

# %% [markdown]
# ## When it does not fit
#
# The input has a length limit. Whoever cuts the whole string on the right, as transformers does, cuts the question away
# when a passage is long, and asks the generator nothing (deviation 7). So the passage is cut, and the question stays.

# %%
from minirag.text.generator_input import generator_input_ids

long_text = "Gold is a metal. " * 40 + "Gold melts at 1064 °C."
asked = {"title": "Gold", "text": long_text, "question": "How hot must gold be to melt?"}
for limit in (300, 40):
    ids = generator_input_ids(text, **asked, max_length=limit)
    print(f"limit {limit}: {len(ids)} tokens, … {text.decode(ids[-18:])}")
    assert text.decode(ids).endswith("How hot must gold be to melt?")

# %% [markdown]
# The price is visible: the sentence with the melting point stood at the end, and is gone. Passages of about 100 words fit;
# that is why documents are split into passages of this size (tutorial 19).
#
# ## How long are the inputs?
#
# The sources of 200 real questions, five passages each, with the shipped knowledge base: their lengths in tokens.

# %%
import json

from minirag.plots.style import BLUE, VERMILLION, new_figure

lines = Path("weights/demo/questions.jsonl").read_text("utf-8").splitlines()
questions = [json.loads(line)["question"] for line in lines[:200]]
with torch.no_grad():
    sources = rag.rag.retrieve_for(questions, n_docs=5)
lengths = sources.context_attention_mask.sum(dim=1).float()
print(f"{len(lengths)} sources: {int(lengths.min())} to {int(lengths.max())} tokens, median {int(lengths.median())}")

with new_figure(height=2.8) as figure:
    axes = figure.subplots()
    axes.hist(lengths.tolist(), bins=20, color=BLUE, edgecolor="white")
    axes.axvline(rag.config.max_combined_length, color=VERMILLION, linestyle="--", label="max_combined_length")
    axes.legend(loc="upper center")
    axes.set(xlabel="tokens of a source", ylabel="sources")
figure.set_label(
    f"Histogram of the lengths of 1,000 sources, {int(lengths.min())} to {int(lengths.max())} tokens; the limit is 300."
)
figure

# %%
place.cleanup()

# %% [markdown]
# ## Check yourself
#
# That the question survives whatever the passage is held for any text by
# `tests/text/test_generator_input.py::test_the_question_survives_every_text`, and that the gradient reaches the question by
# `tests/retrieval/test_retriever.py::test_the_gradient_of_the_scores_is_the_stored_vectors`.
#
# 1. For which q(x) is Mars the best of the three passages?
# 2. Build the knowledge base in float16 with vectors of length 1,000. How far off are the scores, and why?
# 3. What is the shortest `max_length` at which the question above still fits? What happens below it?
