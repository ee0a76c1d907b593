# %% [markdown]
# # Solutions to 02 Batching
#
# Run them from the root of the repository: `python tutorials/solutions/02_batching.py`.
#
# ## Exercise 1
#
# The longest row has 2 ids, so S = 2. The empty row is padding all over.

# %%
import torch

from minirag.text.batching import pad_ids

batch = pad_ids([[8], [], [6, 5]], pad_id=0)
print(batch.input_ids.tolist(), batch.attention_mask.int().tolist())
assert batch.input_ids.tolist() == [[8, 0], [0, 0], [6, 5]]
assert batch.attention_mask.int().tolist() == [[1, 0], [0, 0], [1, 1]]

# %% [markdown]
# ## Exercise 2
#
# Neighbours in a sorted list have nearly the same length, so little has to be filled in. minirag/training/demo/stages.py sorts
# its lessons for that reason: four batches are drawn at once, sorted, and dealt out again.

# %%
from minirag.retrieval.passages import PassageStore
from minirag.text.rag_tokenizer import RagTokenizer

tokenizer = RagTokenizer.from_pretrained("weights/demo").generator
store = PassageStore.open("weights/demo/knowledge_base/passages.sqlite")
rows = tokenizer.encode_many([passage.text for passage in store])


def padding_share(rows):
    masks = [pad_ids(rows[start : start + 32], pad_id=1).attention_mask for start in range(0, len(rows), 32)]
    return 1 - sum(mask.sum() for mask in masks) / sum(mask.numel() for mask in masks)


as_they_come, in_order = padding_share(rows), padding_share(sorted(rows, key=len))
print(f"as they come {as_they_come:.1%}, sorted {in_order:.1%}")
assert in_order < 0.05 < as_they_come

# %% [markdown]
# ## Exercise 3
#
# Turn each row around, pad on the right, and turn the rectangle around. Position 0 is then padding in all rows but the
# longest: a network whose first vector stands for the whole text, as DPR's does, would read it there.

# %%
rows = [[2, 5, 6, 3], [2, 3], [2, 7, 3]]
turned = pad_ids([row[::-1] for row in rows], pad_id=9)
left = turned.input_ids.flip(dims=[1])
print(left.tolist())
assert left.tolist() == [[2, 5, 6, 3], [9, 9, 2, 3], [9, 2, 7, 3]]
assert torch.equal(turned.attention_mask.flip(dims=[1]), left != 9)
