# %% [markdown]
# # 09 Index: how are the best passages found without looking at all of them?
#
# Modules: minirag/retrieval/exact_index.py, minirag/retrieval/hnsw_index.py,
# minirag/retrieval/principal_axes.py, minirag/retrieval/int8_vectors.py
#
# Paper: RAG §2.2, §3; Malkov & Yashunin 2016 (HNSW)
#
# A question has a vector, every passage has one, and the passages with the largest inner products are wanted. With a
# thousand passages one looks at all of them; the paper has 21 million. What can be left out, and what does it cost?
#
# ## Looking at all of them
#
# Five passages in the plane, and a question.

# %%
import torch

d = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.5, 1.5], [-1.0, 0.5], [3.0, -1.5]])  # (N, D)
q = torch.tensor([[1.0, 1.0]])  # (Q, D)
scores = [sum(float(q[0, i] * row[i]) for i in range(2)) for row in d]
best = sorted(range(5), key=lambda row: -scores[row])[:2]
print("scores", scores, "best two: rows", best)

# %% [markdown]
# top-k over z of d(z)ᵀq

# %%
from minirag.retrieval.exact_index import ExactIndex

found_scores, found_rows = ExactIndex(d).search(q, k=2)
assert found_rows[0].tolist() == best and found_scores[0].tolist() == [scores[row] for row in best]
print("the same:", found_rows[0].tolist(), found_scores[0].tolist())

# %% [markdown]
# Exact search is one matrix product. minirag goes through the vectors block by block, the best k so far against the
# next block, so that the scores of all N passages never stand in memory at once; the vectors themselves may stay on
# disk.

# %% [markdown]
# ## A graph of neighbours
#
# Now link every passage to a few near ones, and walk: start anywhere, look at the neighbours of the best passage so far,
# and stop when none of them is better than what is kept. `ef` is how many passages are kept. With ef = 1 this is walking
# uphill, and it ends on every little hill; whoever keeps several can come down again and go on. Links have to go
# both ways: the best passage is often an outlier, nobody's nearest neighbour, and would never be met. On 300 passages in
# the plane:

# %%
torch.manual_seed(0)
points = torch.randn(300, 2)
score = points @ torch.tensor([0.6, 2.0])
nearest = torch.cdist(points, points).topk(7, largest=False).indices[:, 1:].tolist()  # six, itself left out
links = [sorted({*near, *(j for j in range(300) if i in nearest[j])}) for i, near in enumerate(nearest)]  # both ways


def go(start: int, ef: int) -> tuple[list[int], list[int]]:
    """(the passages that were gone to, all that were looked at)."""
    kept, waiting, seen, gone = [start], [start], [start], []
    while waiting:
        here = max(waiting, key=lambda row: score[row])
        if len(kept) == ef and score[here] < score[kept[-1]]:
            break  # nothing that waits is better than the worst that is kept
        waiting.remove(here)
        gone.append(here)
        new = [row for row in links[here] if row not in seen]
        seen, waiting = seen + new, waiting + new
        kept = sorted(kept + new, key=lambda row: -score[row])[:ef]
    return gone, seen


true_best = int(score.argmax())
for ef in (1, 5, 20):
    searches = [go(start, ef) for start in range(0, 300, 5)]
    found = sum(max(seen, key=lambda row: score[row]) == true_best for _, seen in searches)
    looked_at = sum(len(seen) for _, seen in searches) / len(searches)
    print(f"ef {ef:2}: {found} of {len(searches)} starts lead to the best passage, {looked_at:.0f} of 300 looked at")

# %%
from minirag.plots.style import BLUE, VERMILLION, new_figure

start = int(points[:, 1].argmin())  # from the far end
gone, seen = go(start, ef=5)
with new_figure(height=4.0) as figure:
    axes = figure.subplots()
    axes.plot(*points.T.tolist(), ".", color="0.6", markersize=4, label="passages")
    axes.plot(*points[seen].T.tolist(), "o", color=BLUE, fillstyle="none", markersize=5, label="looked at")
    axes.plot(*points[gone].T.tolist(), "-", color=BLUE, label="gone to")
    axes.plot(*points[true_best].tolist(), "*", color=VERMILLION, markersize=16, label="best passage")
    axes.legend(loc="upper left")
    axes.set(xlabel="first number of the vector", ylabel="second number")
figure.set_label(
    f"300 passages as dots; {len(seen)} were looked at on the way from the lowest one to the best one at the top."
)
figure

# %% [markdown]
# HNSW (hierarchical navigable small worlds) does this, and adds upper floors with few passages and long links, to get near
# quickly. M is the number of links of a passage.

# %% [markdown]
# ## Recall: what is lost
#
# recall@k is the share of the true k best that the graph finds. Here are 4,000 clustered vectors of 64 numbers, 200
# questions, and graphs of two sizes; ef grows.

# %%
from minirag.retrieval.hnsw_index import HNSWIndex

centres = torch.randn(40, 64)
vectors = centres.repeat_interleave(100, dim=0) + 0.7 * torch.randn(4000, 64)
questions = vectors[::20] + 0.3 * torch.randn(200, 64)
_, truth = ExactIndex(vectors).search(questions, k=5)
efs, lines = [5, 10, 20, 40, 80], {}
for M in (4, 16):
    lines[f"M = {M}"] = []
    graph = HNSWIndex.build(vectors, M=M, ef_construction=100).graph
    for ef in efs:
        _, rows = HNSWIndex(graph, dim=64, count=4000, ef=ef).search(questions, k=5)
        hits = (rows[:, :, None] == truth[:, None, :]).any(dim=1)  # (Q, k): is each true one there?
        lines[f"M = {M}"].append(hits.float().mean().item())
for name, recalls in lines.items():
    print(name, {ef: round(recall, 2) for ef, recall in zip(efs, recalls, strict=True)})
assert lines["M = 16"][-1] > lines["M = 4"][0]

# %% [markdown]
# More candidates and more links find more, and take longer. minirag chooses M by the number of passages (16, or 32 beyond
# 50,000), raises ef until 99 % of the exact top 5 are found, and writes what it found into the knowledge base's sidecar,
# together with what hnswlib's own file forgets: dimension, count, and ef, which would be 10 again after loading. Up to
# 50,000 passages it does not use a graph at all unless told to.

# %%
from minirag import KnowledgeBase

knowledge_base = KnowledgeBase.open("weights/demo/knowledge_base")
print(f"{len(knowledge_base):,} passages, {knowledge_base.sidecar.index}")

# %% [markdown]
# ## A third of the numbers
#
# A graph keeps its vectors in memory, and a walk through it waits for that memory. So of long vectors (256 numbers and more)
# minirag's graph holds a third: their inner products with the principal axes A, the directions on which they are longest. The
# walk goes by (Aᵀd)ᵀ(Aᵀq), which is about dᵀq, and then the whole vectors of its candidates decide. Here with 21 of 64:

# %%
from minirag.retrieval.principal_axes import principal_axes

axes = principal_axes(vectors, 21)
print(f"21 of 64 axes keep {(vectors @ axes).square().sum() / vectors.square().sum():.0%} of the squared length")
about = (questions @ axes) @ (vectors @ axes).T  # (Q, N)
for candidates in (5, 10, 20, 40):
    rows = about.topk(candidates).indices
    there = (rows[:, :, None] == truth[:, None, :]).any(dim=1).float().mean()
    print(f"of the five nearest, {there:.1%} are among {candidates} candidates")
assert there > 0.95

# %% [markdown]
# ## A byte for each number
#
# Exact search reads all vectors for every batch of questions, so half the bytes are half the time on a disk. minirag stores
# two bytes for a number (float16), or one: a whole number from −127 to 127, and for each vector a scale.
#
# number = round(x / scale), scale = max |x| / 127
#
# By hand, for the vector (3, −1): its scale is 3 / 127 = 0.0236, and −1 becomes −42, which is −0.992 when it is computed
# back.

# %%
scale = 3 / 127
numbers = [round(x / scale) for x in (3.0, -1.0)]
print(f"scale {scale:.4f}, stored {numbers}, computed back {[round(number * scale, 3) for number in numbers]}")

# %%
from minirag.retrieval.int8_vectors import as_int8

assert as_int8(torch.tensor([[3.0, -1.0]])).numbers.tolist() == [numbers]
for name, kept in {"float16": vectors.half(), "int8": as_int8(vectors)}.items():
    _, rows = ExactIndex(kept).search(questions, k=5)
    hits = (rows[:, :, None] == truth[:, None, :]).any(dim=1)
    print(f"{name}: {hits.float().mean():.1%} of the five nearest are found that float32 finds")
    assert hits.float().mean() > 0.95

# %% [markdown]
# What it costs depends on the vectors, so `minirag index --dtype int8` measures it on yours while it encodes, and says it.

# %% [markdown]
# ## Check yourself
#
# Exact search is compared with the whole product by
# `tests/retrieval/test_exact_index.py::test_blockwise_search_is_the_top_k_of_the_whole_product`, and the graph with exact
# search by `tests/retrieval/test_hnsw_index.py::test_it_finds_nearly_all_that_exact_search_finds`.
#
# 1. Which passage of the first example can never be the best, whatever the question? And which is best for most?
# 2. Build a graph of 2,000 copies of one vector and 100 others. Does each of the 100 find itself? Why not?
# 3. How many bytes do 21 million vectors of 768 numbers take, in float16 and in int8? And the links of a graph with M 32?
