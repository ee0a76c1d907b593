# %% [markdown]
# # Solutions to 09 Index

# %% [markdown]
# ## Exercise 1
#
# Row 0. It lies inside the polygon that the other four span, and whatever the direction, one of its corners is further out.
# Of the corners, the one with the widest outlook is best for most questions. A thousand directions tell which:

# %%
import torch

from minirag.retrieval.exact_index import ExactIndex
from minirag.retrieval.hnsw_index import HNSWIndex

d = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.5, 1.5], [-1.0, 0.5], [3.0, -1.5]])
angles = torch.linspace(0, 6.2832, 1000)
_, best = ExactIndex(d).search(torch.stack([angles.cos(), angles.sin()], dim=1), k=1)
counts = torch.bincount(best[:, 0], minlength=5).tolist()
print("best of 1,000 questions:", counts)
assert counts[0] == 0 and counts.index(max(counts)) == 4

# %% [markdown]
# ## Exercise 2
#
# No. The copies are each other's nearest neighbours, so all their links go to other copies, and the walk that starts among
# them never leaves. Exact search has no such trouble; so repeated passages should be kept once, and minirag refuses to build
# such a graph. Copies that differ in the last digits get past that check, and into the same trouble.

# %%
torch.manual_seed(0)
others = torch.nn.functional.normalize(torch.randn(100, 32), dim=1)
copies = torch.nn.functional.normalize(torch.randn(1, 32), dim=1).expand(2000, -1)
vectors = torch.cat([copies, others])
try:
    HNSWIndex.build(vectors, M=16, ef=50)
except ValueError as error:
    print(error)
vectors[:2000] += 1e-7 * torch.randn(2000, 32)
_, rows = HNSWIndex.build(vectors, M=16, ef=50).search(others, k=1)
_, exact = ExactIndex(vectors).search(others, k=1)
own = torch.arange(2000, 2100)
print(
    "found themselves:",
    int((rows[:, 0] == own).sum()),
    "by the graph,",
    int((exact[:, 0] == own).sum()),
    "by exact search",
)
assert (exact[:, 0] == own).all() and not (rows[:, 0] == own).all()

# %% [markdown]
# ## Exercise 3
#
# 21,000,000 · 768 · 2 bytes are 32 GB; in int8 they are 16 GB, and 0.08 GB of scales. hnswlib keeps the vectors as float32,
# 65 GB whatever the file holds, and on the ground floor 2 M = 64 links of 4 bytes each, another 5 GB.

# %%
N, D, M = 21_000_000, 768, 32
print(*(f"{bytes / 1e9:.0f} GB" for bytes in (N * D * 2, N * (D + 4), N * D * 4, N * 2 * M * 4)))
