# %% [markdown]
# # 12 The RAG model: how do retriever and generator become one model that can be trained?
#
# Modules: minirag/rag/rag_model.py, minirag/rag/rag_token.py, minirag/rag/rag_sequence.py, minirag/rag/scoring.py
#
# Paper: RAG §2, figure 1; §2.4 (training)
#
# So far everything came in pieces: encoders, an index, a generator, two likelihoods. The classes with the well-known names
# hold them together, and they are thin: retrieve once, let the generator fill the table, call the likelihood. This page
# fills the table by hand and gets the same loss and the same gradient.

# %%
import torch

from minirag import RagSequenceForGeneration, RagTokenForGeneration

token_model = RagTokenForGeneration.from_pretrained("weights/demo")
sequence_model = RagSequenceForGeneration.from_pretrained("weights/demo")
print(
    type(token_model.question_encoder).__name__,
    type(token_model.generator).__name__,
    type(token_model.retriever).__name__,
)

# %% [markdown]
# ## What `labels` are
#
# RAG's labels begin with the decoder's first input, here <s>, and every token after it is scored once. So labels of T
# tokens give T − 1 targets: logits[:, t] meet labels[:, t + 1]. What is −100 or padding is not scored. (BART alone has
# another convention, tutorial 06: there labels are the targets.)

# %%
text = token_model.rag.tokenizer.generator
questions = ["What is the name of the highest point in Mali?", "What is the capital of Mongolia?"]
labels = text([" Hombori Tondo", " Ulaanbaatar"]).input_ids  # (B, T)
print(labels.tolist())
for row in labels.tolist():
    print([text.decode([i], skip_special_tokens=False) for i in row])

# %% [markdown]
# ## Retrieve once, fill the table
#
# B questions, K passages each: the generator sees B·K rows, ordered by question, then passage, and every passage gets the
# same answer to score.

# %%
from minirag.likelihood import rag_sequence_logprob, rag_token_logprob

K = 3
with torch.no_grad():
    sources = token_model.rag.retrieve_for(questions, n_docs=K)
    hidden = token_model.generator.encode(sources.context_input_ids, sources.context_attention_mask).last_hidden_state
    rows = labels.repeat_interleave(K, dim=0)  # (B*K, T)
    logits = token_model.generator.decode(rows[:, :-1], hidden, sources.context_attention_mask).logits
print("contexts", list(sources.context_input_ids.shape), " logits", list(logits.shape))

table = torch.zeros(len(questions), K, labels.shape[1] - 1)  # log p(y_t | x, z, y_<t), (B, K, T − 1)
for b in range(len(questions)):
    for k in range(K):
        for t in range(labels.shape[1] - 1):
            table[b, k, t] = logits[b * K + k, t].log_softmax(dim=0)[labels[b, t + 1]]
mask = labels[:, 1:] != text.pad_token_id
prior = sources.doc_scores.log_softmax(dim=1)  # log p(z|x), (B, K)
print("log p(z|x) of the first question", [f"{p:.2f}" for p in prior[0].tolist()])

# %% [markdown]
# ## −log p(y|x), twice
#
# The two models read this one table. `forward(labels=…)` does all of the above, and its loss is the same: one number
# for each question, in nats.

# %%
for name, model, logprob in (
    ("RAG-Sequence", sequence_model, rag_sequence_logprob),
    ("RAG-Token", token_model, rag_token_logprob),
):
    by_hand = -logprob(prior, table, mask)
    with torch.no_grad():
        loss = model(questions=questions, labels=labels, n_docs=K).loss
    print(f"{name:12} by hand {[f'{x:.3f}' for x in by_hand.tolist()]}  forward {[f'{x:.3f}' for x in loss.tolist()]}")
    assert torch.allclose(by_hand, loss, atol=1e-3)

# %% [markdown]
# Both questions have a passage that knows the answer. For the first one the retriever is not sure which it is, and
# RAG-Token pays for that at every token. The sum over the batch, `reduce_loss=True`, is what the paper minimises:
# −Σ_j log p(y_j|x_j).

# %%
from minirag.plots import likelihood_table

T = int(mask[0].sum())
pieces = [text.decode([i], skip_special_tokens=False) for i in labels[0, 1 : T + 1].tolist()]
figure = likelihood_table(prior[0], table[0, :, :T], pieces, [passage.title for passage in sources.passages[0]])
figure

# %% [markdown]
# ## Who learns
#
# The loss depends on the question encoder through the scores d(z)ᵀq(x), and on the generator through the table. The vectors
# d(z) come from the knowledge base and stay as they are (§2.4): encoding 21 million passages anew after every step would
# be far too slow.

# %%
model = sequence_model
model(questions=questions, labels=labels, n_docs=K, reduce_loss=True).loss.backward()
for name, part in (("question encoder", model.question_encoder), ("generator", model.generator)):
    gradients = [parameter.grad for parameter in part.parameters() if parameter.grad is not None]
    print(
        f"{name}: {len(gradients)} tensors with a gradient, the largest entry {max(g.abs().max() for g in gradients):.2g}"
    )
print("context encoder in the model:", model.rag.ctx_encoder)
model.zero_grad()

# %% [markdown]
# And the gradient of the scores is what tutorial 11 promised, posterior minus prior:

# %%
from minirag.likelihood import passage_posterior

scores = sources.doc_scores.clone().requires_grad_()
given = {
    "context_input_ids": sources.context_input_ids,
    "context_attention_mask": sources.context_attention_mask,
    "doc_scores": scores,
}
model(**given, labels=labels, reduce_loss=True).loss.backward()
expected = prior.exp() - passage_posterior(prior, table, mask)  # of the loss, so with the sign turned
print([f"{g:.3f}" for g in scores.grad[0].tolist()], [f"{g:.3f}" for g in expected[0].tolist()])
assert torch.allclose(scores.grad, expected, atol=1e-3)

# %% [markdown]
# The call above needed no retriever: contexts and scores are all that the likelihood asks for. An answer can be had
# from passages of one's own, too, without any knowledge base.

# %%
own = [("Atlantis", "The capital of Atlantis is Poseidonis. Atlantis lies in the sea.")]
print(model.answer("What is the capital of Atlantis?", passages=own).text)

# %% [markdown]
# ## Check yourself
#
# Losses and gradients are compared with transformers' classes, call by call, in `tests/crosscheck/test_rag.py`, for example
# `tests/crosscheck/test_rag.py::test_losses_are_theirs`.
#
# 1. Fill a row of `labels` with −100 after its answer instead of padding. Does the loss change?
# 2. Set n_docs to 1. Why are the two losses equal now?
# 3. Train the question encoder alone for a few steps on the first question with RAG-Sequence's loss. What happens to its
#    prior?
