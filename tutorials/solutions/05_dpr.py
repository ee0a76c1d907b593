# %% [markdown]
# # Solutions to 05 DPR

# %% [markdown]
# ## Exercise 1
#
# The one that points most nearly where q points: length no longer helps, and the scores are cosines times the length of q.

# %%
import torch

q = torch.tensor([2.0, 1.0])
names = ["on the left", "long", "in the right direction"]
d = torch.tensor([[1.0, 0.0], [3.0, 0.0], [1.5, 1.0]])
scores = (d / d.norm(dim=1, keepdim=True)) @ q
print({name: round(score, 2) for name, score in zip(names, scores.tolist(), strict=True)})
assert names[int(scores.argmax())] == "in the right direction"

# %% [markdown]
# ## Exercise 2
#
# It counts the passage of the other question, which is the same passage, as a wrong answer: half the probability is called
# an error that nobody can mend. Take duplicates of a positive out of the softmax, with a score of −∞ off the diagonal.

# %%
same = torch.tensor([[5.0, 5.0], [5.0, 5.0]])  # both questions, and twice the passage that is right for both
masked = same.masked_fill(~torch.eye(2, dtype=torch.bool), -torch.inf)
for name, matrix in (("counted as wrong", same), ("left out", masked)):
    print(f"{name:16} loss {torch.nn.functional.cross_entropy(matrix, torch.arange(2)):.4f}")
assert torch.nn.functional.cross_entropy(masked, torch.arange(2)) == 0

# %% [markdown]
# ## Exercise 3
#
# The vectors of the two encoders live in the same space only because they were trained against each other, and what an
# encoder has not been trained on it maps anywhere. An index made by another encoder gives results that look like results.
# So the knowledge base carries a fingerprint of its context encoder, and is refused with any other.

# %%
from minirag import DPRContextEncoder, Passage, RagTokenForGeneration
from minirag.model.checkpoint import encoder_fingerprint, load_network
from minirag.retrieval.encoding import encode_passages, encode_questions

rag = RagTokenForGeneration.from_pretrained("weights/demo")
tokenizer = rag.rag.tokenizer.question_encoder
context_encoder = load_network(DPRContextEncoder, "weights/demo/ctx_encoder")
passage = Passage("a", "Mongolia", "Mongolia is governed from its capital, Ulaanbaatar.")
with torch.no_grad():
    asked = encode_questions(rag.question_encoder, tokenizer, ["What is the capital of Mongolia?"])
    by_context_encoder = encode_passages(context_encoder, tokenizer, [passage])
    by_question_encoder = encode_questions(rag.question_encoder, tokenizer, [f"{passage.title} {passage.text}"])
scores = [(asked @ d.T).item() for d in (by_context_encoder, by_question_encoder)]
print(f"by its own encoder {scores[0]:.1f}, by the other {scores[1]:.1f}")
assert scores[0] > scores[1]
made_by = rag.retriever.knowledge_base.sidecar.fingerprint
assert made_by == encoder_fingerprint(context_encoder)
print("fingerprint", made_by[:12], "…")
