# %% [markdown]
# # Solutions to 17 Training RAG

# %%
from pathlib import Path
from random import Random

import torch

from minirag.likelihood import doc_logprobs, passage_posterior
from minirag.questions.question import Question
from minirag.training.bart.noising import poisson
from minirag.training.loop import train
from minirag.training.rag.measures import posterior_kl
from minirag.training.rag.opening import open_start
from minirag.training.rag.task import RagSettings, rag_task, trained_networks
from minirag.training.settings import LoopSettings

# %% [markdown]
# ## Exercise 1
#
# Both 0: an answer that all passages explain alike tells nothing about them, and the posterior is the prior. With one
# passage both are 1 before any answer is known, so a question encoder that is trained with n_docs 1 learns nothing at
# all: what is learned is a choice among the passages that were retrieved.


# %%
def correction(prior: list[float], likelihood: list[float]) -> tuple[list[float], float]:
    """posterior − prior of each passage, and KL(posterior ‖ prior)."""
    before = doc_logprobs(torch.tensor([prior]).log())
    table = torch.tensor([likelihood]).log()[:, :, None]
    after = passage_posterior(before, table, torch.ones(1, 1, dtype=torch.bool))
    return (after - before.exp())[0].tolist(), posterior_kl(after, before).item()


for prior, likelihood in (([0.8, 0.2], [0.05, 0.8]), ([0.8, 0.2], [0.05, 0.05]), ([1.0], [0.05])):
    gradient, kl = correction(prior, likelihood)
    print(prior, likelihood, "gradient", [round(g, 1) + 0.0 for g in gradient], f"KL {kl:.2f}")
assert max(abs(g) for g in correction([0.8, 0.2], [0.05, 0.05])[0]) < 1e-6
assert correction([1.0], [0.05])[0] == [0.0]

# %% [markdown]
# ## Exercise 2
#
# Only the generator is trained. It changes p(y|x,z), so the likelihood and the posterior move, and with it the KL; which
# passages are found, and how sure the retriever is of them, cannot move: recall@1, entropy and distinct passages stay.

# %%
torch.set_num_threads(1)
metals = ("iron", "tin", "zinc", "gold", "lead", "copper")
numbers = ("26", "50", "30", "79", "82", "29")
asked = [
    Question(f"What is the atomic number of {x}?", (y,), (f"{x}-1",)) for x, y in zip(metals, numbers, strict=True)
]
start = open_start(Path("weights/demo"), likelihood="sequence", n_docs=2)
settings = RagSettings(likelihood="sequence", retriever="frozen", n_docs=2, batch_size=2)
loop = LoopSettings(steps=3, learning_rate=1e-4, warmup_steps=1, bf16=False, measure_first=True)
networks = trained_networks(start, settings)
first, *_, last = (each.measured for each in train(networks, rag_task(start, asked, asked, settings), loop))
print("trained:", list(networks))
for name in ("recall_at_1", "prior_entropy", "distinct_passages", "posterior_kl", "nll_per_token"):
    print(f"{name:18}", "changed" if first[name] != last[name] else "as it was")
for name in ("recall_at_1", "prior_entropy", "distinct_passages"):
    assert first[name] == last[name]
assert first["posterior_kl"] != last["posterior_kl"] and first["nll_per_token"] != last["nll_per_token"]

# %% [markdown]
# ## Exercise 3
#
# A Poisson number with mean m is 0 with probability e^−m: about one mask in twenty for 3, more than one in three for 1.

# %%
for mean in (3.0, 1.0):
    rng = Random(0)
    drawn = [poisson(mean, rng) for _ in range(20_000)]
    print(f"mean {mean:.0f}: drawn {drawn.count(0) / len(drawn):.2f}, e^−m {torch.tensor(-mean).exp():.2f}")
    assert abs(drawn.count(0) / len(drawn) - torch.tensor(-mean).exp()) < 0.01
