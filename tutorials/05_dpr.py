# %% [markdown]
# # 05 DPR: what makes a question and its passage meet?
#
# Modules: minirag/model/dpr.py, minirag/retrieval/encoding.py
#
# Paper: DPR §3; RAG §2.2
#
# A question and the passage that answers it may share few words. Dense Passage Retrieval gives each of them a vector,
# so that the two end up close together: one BERT for questions, q(x), another for passages, d(z). What is close is
# relevant, and close means a large inner product. What exactly is the vector, and where does the closeness come from?
#
# ## Inner products and a softmax
#
# Two numbers per vector, three passages. The score of a passage is d(z)ᵀq(x); the softmax of the scores is the prior of
# RAG, p(z|x) ∝ exp(d(z)ᵀq(x)).

# %%
import torch

q = [2.0, 1.0]
passages = {"on the left": [1.0, 0.0], "long": [3.0, 0.0], "in the right direction": [1.5, 1.0]}
scores = {name: sum(a * b for a, b in zip(q, d, strict=True)) for name, d in passages.items()}
total = sum(2.718281828459045**score for score in scores.values())
for name, score in scores.items():
    print(f"{name:24} score {score:.1f}   p(z|x) {2.718281828459045**score / total:.3f}")

# %% [markdown]
# The inner product rewards direction and length: "long" wins although "in the right direction" points more nearly where
# q does. That is by design. A passage that answers many questions may have a long vector; a cosine would take that
# away. And adding the same number to all scores changes no probability: only differences count.

# %%
from minirag.likelihood import doc_logprobs

ours = doc_logprobs(torch.tensor([list(scores.values())], dtype=torch.float64)).exp()[0]
by_hand = torch.tensor([2.718281828459045**score / total for score in scores.values()], dtype=torch.float64)
assert torch.allclose(ours, by_hand)
assert torch.allclose(doc_logprobs(torch.tensor([list(scores.values())]).double() + 100.0).exp()[0], by_hand)
print("the same, also with 100 added to every score")

# %% [markdown]
# ## The vector is the [CLS] state
#
# BERT gives a state for every token. DPR takes the first one, that of the special token [CLS], as the vector of the
# whole text: raw, without the "pooler" that BERT has on top of it. In transformers' outputs it is nevertheless called
# `pooler_output`, and minirag keeps that name so that code can be carried over.

# %%
from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
tokenizer, question_encoder = rag.rag.tokenizer.question_encoder, rag.question_encoder
questions = ["What is the capital of Mongolia?", "How many people live in Mongolia?", "What is the capital of Peru?"]
batch = tokenizer(questions)
with torch.no_grad():
    read = question_encoder(batch.input_ids, batch.attention_mask, output_hidden_states=True)
states = read.hidden_states[-1]  # (B, S, D)
print("states", list(states.shape), " vectors", list(read.pooler_output.shape))
assert torch.equal(read.pooler_output, states[:, 0])
print("first token:", tokenizer.decode([int(batch.input_ids[0, 0])], skip_special_tokens=False))

# %% [markdown]
# Here the states were asked for. When nobody asks, the last layer computes the one state that is read: [CLS] still looks at
# every token, so keys and values of all of them are needed, but a query and the feed-forward network for [CLS] alone. Most
# of that layer's work is saved, and the vector is the same but for rounding.

# %%
with torch.no_grad():
    unasked = question_encoder(batch.input_ids, batch.attention_mask)
assert unasked.hidden_states is None and torch.allclose(unasked.pooler_output, read.pooler_output, atol=1e-4)
print("the same vectors, without the other states")

# %% [markdown]
# A passage is read as a pair: title and text, with [SEP] between them. Both are segment 0: BERT itself told the two
# texts of a pair apart as 0 and 1 (tutorial 04), but DPR was trained with 0 for title and text alike, and so the
# shipped model was, too. Some encoders average all states instead of taking the first, and bring the vector to length 1
# (many of sentence-transformers' do); `config.pooling` and `config.normalize` say which; the same class serves both.

# %%
from minirag import DPRContextEncoder, Passage
from minirag.model.checkpoint import load_network
from minirag.retrieval.encoding import encode_passages

context_encoder = load_network(DPRContextEncoder, "weights/demo/ctx_encoder")
print("pooling:", context_encoder.config.pooling, " normalised:", context_encoder.config.normalize)
own = [
    Passage("a", "Mongolia", "Mongolia is governed from its capital, Ulaanbaatar."),
    Passage("b", "Mongolia", "Mongolia has a population of 3.28 million."),
    Passage("c", "Peru", "Lima is the capital of Peru."),
]
with torch.no_grad():
    d = encode_passages(context_encoder, tokenizer, own)  # (N, D)
scores = read.pooler_output @ d.T  # (B, N)
for question, row in zip(questions, scores.tolist(), strict=True):
    print(f"{question:34}", "  ".join(f"{passage.id} {score:.1f}" for passage, score in zip(own, row, strict=True)))
assert scores.argmax(dim=1).tolist() == [0, 1, 2]

# %% [markdown]
# Each question scores highest with the passage that answers it; what comes second shares its country or its subject.
# The scores are far apart: a softmax over them is nearly certain.

# %% [markdown]
# ## Where the closeness comes from
#
# It is learned. In training, the passages of the other questions in the batch serve as wrong ones: for B questions, the
# score matrix (B, B) has the right passage of each question on its diagonal, and the loss is −log softmax of the
# diagonal. A batch of B questions gives B · (B − 1) wrong pairs for free, which is why the batch size matters so much.
# (DPR's authors add one per question that BM25, tutorial 08, ranks high.)

# %%
matrix = torch.tensor([[2.0, 1.0], [0.0, 1.0]])  # two questions, their two passages: (B, B)
p = [matrix[i].exp()[i] / matrix[i].exp().sum() for i in range(2)]  # the softmax of each row, on the diagonal
by_hand = -sum(probability.log().item() for probability in p) / 2
loss = torch.nn.functional.cross_entropy(matrix, torch.arange(2)).item()
print(
    "p of the right passage:",
    [f"{probability:.2f}" for probability in p],
    f" loss: by hand {by_hand:.4f}, by torch {loss:.4f}",
)
assert abs(by_hand - loss) < 1e-6

# %% [markdown]
# ## Seen from above
#
# Twelve questions and their passages, each a vector of 192 numbers, on the two directions in which they differ most. A
# line joins a question to the passage that answers it.

# %%
import json
from pathlib import Path

from minirag.plots import embedding_map
from minirag.retrieval.encoding import encode_questions

lines = Path("weights/demo/questions.jsonl").read_text("utf-8").splitlines()
asked = [json.loads(line) for line in lines[:1200:100]]
knowledge_base = rag.retriever.knowledge_base
rows = torch.tensor(knowledge_base.store.rows_of([question["gold"][0] for question in asked]))
with torch.no_grad():
    q = encode_questions(question_encoder, tokenizer, [question["question"] for question in asked])
d = knowledge_base.vectors_of(rows[None])[0]
right = ((q @ d.T).argmax(dim=1) == torch.arange(len(asked))).sum().item()
print(f"{right} of {len(asked)} questions are closest to their own passage")
figure = embedding_map(
    q, d, gold=list(range(len(asked))), titles=[p.title for p in knowledge_base.passages_of(rows[None])[0]]
)
figure

# %% [markdown]
# ## Check yourself
#
# The vectors, states and gradients are compared with transformers' encoders on random models by
# `tests/crosscheck/test_networks.py::test_dpr_encoders_give_transformers_states_attentions_vectors_and_gradients`.
#
# 1. In the first example, bring all three passages to length 1. Who wins now?
# 2. Two questions of a batch have the same right passage. What does the loss of in-batch negatives do wrong, and how would
#    you mend it?
# 3. The question encoder and the context encoder are two networks with different weights. Encode a passage with the
#    question encoder and look at its score. Why does the knowledge base remember which encoder made it?
