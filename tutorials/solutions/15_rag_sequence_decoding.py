# %% [markdown]
# # Solutions to 15 Decoding RAG-Sequence

# %%
import torch


def best_answer(prior: list[float], given: list[list[float]], W: int, thorough: bool) -> tuple[int, float]:
    """The answer that thorough or fast decoding picks with W beams, and its score."""
    table = torch.tensor(given, dtype=torch.float64)  # p(y|x,z), (K, answers)
    beams = [set(row.topk(W).indices.tolist()) for row in table]
    scores = {}
    for y in sorted(set().union(*beams)):
        scores[y] = sum(p * float(table[z, y]) for z, p in enumerate(prior) if thorough or y in beams[z])
    answer = max(scores, key=scores.get)
    return answer, scores[answer]


# %% [markdown]
# ## Exercise 1
#
# Lyon still, with 0.7 · 0.35 + 0.3 · 0.24 = 0.317, before Paris with 0.7 · 0.40 = 0.280. With two beams the first
# passage proposes it. Thorough decoding then finds all of the 0.317; fast decoding sees 0.7 · 0.35 = 0.245 of it, stays
# with Paris, and needs a third beam.

# %%
answers = ["Paris", "Lyon", "Nice", "Lille"]
given = [[0.40, 0.35, 0.25, 0.00], [0.00, 0.24, 0.30, 0.46]]
for W in (1, 2, 3):
    for thorough in (True, False):
        y, score = best_answer([0.7, 0.3], given, W, thorough)
        print(f"W = {W} {'thorough' if thorough else 'fast':8} {answers[y]} {score:.3f}")
assert [answers[best_answer([0.7, 0.3], given, W, True)[0]] for W in (1, 2, 3)] == ["Paris", "Lyon", "Lyon"]
assert [answers[best_answer([0.7, 0.3], given, W, False)[0]] for W in (1, 2, 3)] == ["Paris", "Paris", "Lyon"]

# %% [markdown]
# ## Exercise 2
#
# Yes: an answer that is everybody's second choice is nobody's first. With one beam it is never proposed.

# %%
everybodys_second = [[0.4, 0.35, 0.25], [0.25, 0.35, 0.4]]
print(best_answer([0.5, 0.5], everybodys_second, 1, True), best_answer([0.5, 0.5], everybodys_second, 2, True))
assert (
    best_answer([0.5, 0.5], everybodys_second, 1, True)[0]
    != 1
    == best_answer([0.5, 0.5], everybodys_second, 2, True)[0]
)

# %% [markdown]
# ## Exercise 3
#
# One pass for each pair of a candidate and a passage that did not propose it. If all beams agree there are none. If
# they have nothing in common there are 2K candidates and each lacks K − 1 passages: 2K (K − 1). With five passages that is
# 40. (minirag scores all candidates under all passages in K batched passes; what has been computed already is not left out
# yet.)

# %%
K = 5
print(2 * K * (K - 1))
