# %% [markdown]
# # Solutions to 10 Retriever

# %% [markdown]
# ## Exercise 1
#
# Mars scores q2, iron 2 q1, gold 1.5 q1 + 0.5 q2. Mars beats gold where q2 > 3 q1, and iron where q2 > 2 q1: for a positive q1
# the first is the harder condition, for a negative one the second.

# %%
import torch

from minirag.retrieval.exact_index import ExactIndex

d = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.5, 0.5]])
q = torch.tensor([[1.0, 2.9], [1.0, 3.1], [-1.0, -1.9], [-1.0, -2.1]])
_, best = ExactIndex(d).search(q, k=1)
print([["iron", "mars", "gold"][row] for row in best[:, 0].tolist()])
assert [row == 1 for row in best[:, 0].tolist()] == [False, True, True, False]

# %% [markdown]
# ## Exercise 2
#
# float16 has 11 binary digits: near 1,000 it counts in halves, so every number of such a vector is off by up to 0.25, and a
# score by about that much times the length of q, less what cancels. For vectors of length 1 it is a thousand times less. The
# shipped knowledge base stores float16 and multiplies in float32.

# %%
torch.manual_seed(0)
vectors, q = torch.nn.functional.normalize(torch.randn(100, 16), dim=1), torch.randn(1, 16)
for length in (1.0, 1000.0):
    stored = (length * vectors).half().float()
    off = ((stored - length * vectors) @ q[0]).abs().max().item()
    print(f"length {length:6.0f}: the worst score is off by {off:.4f}")
    if length == 1000.0:
        assert off > 0.05

# %% [markdown]
# ## Exercise 3
#
# The question with its separator and the two special tokens. One token less, and there is no room for the question: that is
# an error which says so, because a question that is cut is another question.

# %%
from minirag.text.generator_input import generator_input_ids
from minirag.text.tokenizers import Tokenizer

text = Tokenizer.from_pretrained("weights/demo/generator_tokenizer")
asked = {"title": "Gold", "text": "Gold melts at 1064 °C.", "question": "How hot must gold be to melt?"}
shortest = len(text.encode_plain(" // " + asked["question"])) + 2
print(shortest, text.decode(generator_input_ids(text, **asked, max_length=shortest)))
try:
    generator_input_ids(text, **asked, max_length=shortest - 1)
    raise AssertionError("it should not have fitted")
except ValueError as error:
    print(error)
