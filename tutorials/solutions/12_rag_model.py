# %% [markdown]
# # Solutions to 12 The RAG model

# %%
import torch

from minirag import RagSequenceForGeneration, RagTokenForGeneration

token_model = RagTokenForGeneration.from_pretrained("weights/demo")
sequence_model = RagSequenceForGeneration.from_pretrained("weights/demo")
text = token_model.rag.tokenizer.generator
questions = ["What is the name of the highest point in Mali?", "What is the capital of Mongolia?"]
labels = text([" Hombori Tondo", " Ulaanbaatar"]).input_ids

# %% [markdown]
# ## Exercise 1
#
# No. Both mark a place that is not scored; as a decoder input, −100 is read as padding, and no real token looks at what
# comes after it.

# %%
ignored = labels.masked_fill(labels == text.pad_token_id, -100)
with torch.no_grad():
    losses = [sequence_model(questions=questions, labels=these, n_docs=3).loss for these in (labels, ignored)]
print([[round(x, 4) for x in loss.tolist()] for loss in losses])
assert torch.allclose(*losses)

# %% [markdown]
# ## Exercise 2
#
# With one passage the prior is 1 and there is nothing to mix: both are the probability that this passage gives the answer.

# %%
with torch.no_grad():
    alone = [model(questions=questions, labels=labels, n_docs=1).loss for model in (token_model, sequence_model)]
print([[round(x, 4) for x in loss.tolist()] for loss in alone])
assert torch.allclose(*alone, atol=1e-4)

# %% [markdown]
# ## Exercise 3
#
# The passage with the answer rises, the others fall, though nobody said which one it is: the gradient of the scores is
# posterior − prior.

# %%
optimizer = torch.optim.SGD(sequence_model.question_encoder.parameters(), lr=1e-5)
for step in range(5):
    output = sequence_model(questions=questions[:1], labels=labels[:1], n_docs=3)
    prior = output.doc_scores[0].softmax(dim=0)
    print(step, "prior", [f"{p:.2f}" for p in prior.tolist()], f"loss {output.loss.item():.3f}")
    first = prior[0].item() if step == 0 else first
    optimizer.zero_grad()
    output.loss.sum().backward()
    optimizer.step()
assert prior[0] > first
