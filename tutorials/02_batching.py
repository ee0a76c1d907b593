# %% [markdown]
# # 02 Batching: how do texts of different lengths become one tensor?
#
# Modules: minirag/text/batching.py, minirag/outputs.py
#
# A tokenizer turns each text into a row of ids, and the rows have different lengths. A network wants one rectangle of
# numbers: it multiplies matrices, and a matrix has no ragged edge. So short rows are filled up, and a second rectangle
# says which ids are real. That second one, the *mask*, is what this tutorial is about: the filling is easy, and knowing
# later what was filled is where mistakes happen.
#
# ## The smallest example
#
# Three texts, already tokenised: 4 ids, 2 ids and 3 ids. Filled up with 9s, by hand:

# %%
import torch

rows = [[2, 5, 6, 3], [2, 3], [2, 7, 3]]
PADDING = 9

ids_by_hand = torch.tensor([[2, 5, 6, 3], [2, 3, 9, 9], [2, 7, 3, 9]])
mask_by_hand = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]]).bool()
print(mask_by_hand.sum(dim=1).tolist(), "ids are real,", int((~mask_by_hand).sum()), "were filled in")

# %% [markdown]
# Adding up a row of the mask gives the length back: 4, 2 and 3. The 3 cells that were filled in stand on the right; BERT
# and BART were both trained that way.
#
# ## The loop that anyone would write
#
# Find the longest row, then walk over all cells: copy an id where the row has one, put the padding where it has none.

# %%
longest = max(len(row) for row in rows)
ids_of_loop = torch.zeros(len(rows), longest, dtype=torch.long)
mask_of_loop = torch.zeros(len(rows), longest, dtype=torch.bool)
for b, row in enumerate(rows):
    for s in range(longest):
        ids_of_loop[b, s] = row[s] if s < len(row) else PADDING
        mask_of_loop[b, s] = s < len(row)
print(ids_of_loop)
assert torch.equal(ids_of_loop, ids_by_hand) and torch.equal(mask_of_loop, mask_by_hand)

# %% [markdown]
# ## As a formula
#
# With ℓ_b for the length of row b, S for the longest, and positions s counted from 0:
#
# > mask[b, s] = (s < ℓ_b)   for s = 0 … S − 1
#
# That compares a row of positions (1, S) with a column of lengths (B, 1). PyTorch stretches both to (B, S): no loop.

# %%
lengths = torch.tensor([4, 2, 3])
positions = torch.arange(4)
mask_of_formula = positions[None, :] < lengths[:, None]
print(mask_of_formula.int())
assert torch.equal(mask_of_formula, mask_by_hand)

# %% [markdown]
# ## minirag's function
#
# `pad_ids` does this and nothing else. It returns a `Batch`, two tensors that travel together: `input_ids` (B, S) and
# `attention_mask` (B, S). Masks are bool in all of minirag, and True means a real token.

# %%
from minirag.text.batching import pad_ids

batch = pad_ids(rows, pad_id=PADDING)
assert torch.equal(batch.input_ids, ids_of_loop)
assert torch.equal(batch.attention_mask, mask_of_formula)
print(batch.input_ids.shape, batch.input_ids.dtype, batch.attention_mask.dtype)

# %% [markdown]
# ## Why not simply ask which ids are the padding id?
#
# Because a text may contain it. Here are two questions for the shipped model, one of them from a curious reader:

# %%
from minirag.text.rag_tokenizer import RagTokenizer

tokenizer = RagTokenizer.from_pretrained("weights/demo").question_encoder
questions = ["what does [PAD] mean?", "what is the capital of mongolia?"]
curious = tokenizer(questions)
print("the padding id is", tokenizer.pad_token_id)
print(curious.input_ids)

# %% [markdown]
# The first row has the id 0 in its middle, where the reader typed it, and 0s at its end, where they were filled in.
# Comparing with 0 cannot tell the one from the other; counting can.

# %%
guessed = curious.input_ids != tokenizer.pad_token_id
print("real tokens by comparing:", guessed.sum(dim=1).tolist())
print("real tokens by counting: ", curious.attention_mask.sum(dim=1).tolist())
assert curious.attention_mask.sum(dim=1).tolist() == [len(tokenizer.encode(question)) for question in questions]

# %% [markdown]
# By comparing, the question lost a word: the network would have been asked "what does mean?". No error is raised; the
# network simply never sees that token. Such mistakes live long.
#
# ## What a batch looks like
#
# Twelve passages of the shipped knowledge base, as the generator's tokenizer reads them. Each line is a passage, each
# column a position.

# %%
from minirag.retrieval.passages import PassageStore

reader = RagTokenizer.from_pretrained("weights/demo").generator
store = PassageStore.open("weights/demo/knowledge_base/passages.sqlite")
passages = store.get(range(12))
real = reader([passage.text for passage in passages]).attention_mask
print("shape", tuple(real.shape), f"of which padding: {1 - real.float().mean():.0%}")

# %%
from minirag.plots.style import CELLS, new_figure

with new_figure(height=3.2) as figure:
    axes = figure.add_subplot(xlabel="position s", title="dark is a real token, light was filled in")
    axes.imshow(real.int().tolist(), cmap=CELLS, vmin=-0.2, vmax=1.2, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(12), [passage.title for passage in passages])
figure.set_label("Mask of twelve passages: each row is real from the left up to its length, and padding from there on.")
figure

# %% [markdown]
# Dark ends where a text ends, and never begins again: one number for each row, its length, says it all. The light part
# is work that the network does for nothing; exercise 2 asks how much of it can be saved.
#
# ## The test that pins it
#
# `tests/text/test_batching.py::test_the_mask_gives_back_every_row_as_it_was` draws ragged batches at random and takes
# each row out again through its mask. `tests/text/test_batching.py::test_a_padding_id_inside_a_text_is_a_real_token` is
# the curious reader. Make `pad_ids` return `input_ids != pad_id` and watch both fail.
#
# ## Check yourself
#
# 1. What are `input_ids` and `attention_mask` of `pad_ids([[8], [], [6, 5]], pad_id=0)`? Write them down, then look.
# 2. Batch all passages of the knowledge base by 32, as they come and then sorted by length. What share is padding?
# 3. Some libraries pad on the left. Write it with `pad_ids` and `Tensor.flip`. What stands at position 0 then?
