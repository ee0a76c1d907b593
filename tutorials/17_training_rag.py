# %% [markdown]
# # 17 Training RAG: how does a retriever learn when nobody says which passage is right?
#
# Modules: minirag/training/rag/task.py, minirag/training/loop.py, minirag/training/bart/noising.py
#
# Paper: RAG §2.4, appendix H; BART §2.2
#
# DPR was told which passage holds the answer (tutorial 05). RAG is told a question and its answer, and nothing else. The
# generator reads each passage and says how likely the answer is with it; a passage that makes it likelier than the others
# do must be a good one. On this page that becomes two numbers, then a training of real networks, then one that goes wrong.

# %% [markdown]
# ## Two passages, one of which explains the answer
#
# The retriever prefers the first passage, 0.8 to 0.2. With it the generator gives the answer 0.05, with the second 0.8.

# %%
import torch

prior, likelihood = [0.8, 0.2], [0.05, 0.8]  # p(z|x) and p(y|x,z)
answer = 0.0
for z in range(2):
    answer += prior[z] * likelihood[z]
    print(f"passage {z + 1}: {prior[z]} · {likelihood[z]} = {prior[z] * likelihood[z]:.2f}")
posterior = [prior[z] * likelihood[z] / answer for z in range(2)]
print(f"p(y|x) = {answer:.2f}, posterior", [f"{p:.1f}" for p in posterior])

# %% [markdown]
# Four fifths of the answer's probability came through the second passage: its posterior is 0.8, its prior was 0.2. The
# scores s_z = d(z)ᵀq(x) stand in the prior as a softmax, and so the derivative of log p(y|x) is short:
#
# ∂ log p(y|x) / ∂ s_z = Σ_k posterior_k · ∂ log prior_k / ∂ s_z = posterior_z − prior_z
#
# Nobody marked a passage, and still the second is pulled up by 0.6 and the first pushed down by as much. The same by
# nudging a score a little, and from minirag's likelihood by autograd:

# %%
from minirag.likelihood import doc_logprobs, passage_posterior, rag_sequence_logprob

scores = torch.tensor([prior], dtype=torch.float64).log().requires_grad_()  # (1, K), any with this softmax
table = torch.tensor([likelihood], dtype=torch.float64).log()[:, :, None]  # (1, K, T), an answer of one token
mask = torch.ones(1, 1, dtype=torch.bool)
here = rag_sequence_logprob(doc_logprobs(scores), table, mask)
nudged = rag_sequence_logprob(doc_logprobs(scores + torch.tensor([[0.0, 1e-6]])), table, mask)
here.sum().backward()
slope = (nudged - here).item() / 1e-6
print(f"by hand {posterior[1] - prior[1]:.2f}, nudged {slope:.2f}, autograd {scores.grad[0, 1]:.2f}")
believed = passage_posterior(doc_logprobs(scores), table, mask).detach()
assert torch.allclose(scores.grad, believed - torch.tensor([prior]).double())

# %% [markdown]
# (In transformers' RAG-Sequence an answer of one token, like this one, gives the question encoder no gradient at all:
# deviation 1 in `docs/deviations.md`.) Two numbers tell how far the retriever is. The prior's entropy: how unsure is it?
# KL(posterior ‖ prior): how much does the answer correct it? Here that is 0.8 · log(0.8 / 0.2) + 0.2 · log(0.2 / 0.8).

# %%
from minirag.training.rag.measures import posterior_kl, prior_entropy

before = doc_logprobs(scores.detach())
print(f"entropy {prior_entropy(before).item():.2f} nats, KL {posterior_kl(believed, before).item():.2f} nats")

# %% [markdown]
# ## First, a generator that can read
#
# To a generator that cannot read all passages are alike. So RAG begins with BART, which learned from text by mending it:
# spans of Poisson(3) tokens become a mask each, until 30 % of the tokens are gone. One of no token puts it where nothing was.

# %%
from random import Random

from minirag.training.bart.noising import infill
from minirag.training.bart.span_questions import span_question
from minirag.training.texts import Text

text = "Radium is a metal. Marie Curie discovered it in 1898. It glows in the dark."
print("infilled:", *infill(text.split(), "<mask>", Random(2)))
question, span = span_question(Text("Radium", text), Random(4))
print("asked:   ", question, "→", text[span.start : span.end])

# %% [markdown]
# The last line nobody wrote: a name gave way to a question word. `minirag train bart` teaches reading with it.
#
# ## 48 facts, and a question encoder that has forgotten
#
# 48 passages of one sentence; one wording of the questions to train on, another for 16 of them to measure with. Context
# encoder and generator are the demo's, its question encoder is spoiled by noise. A step retrieves 4 passages for each of 8
# questions with q(x) as it is now, and −log p(y|x) goes to both networks. The loop is a generator: it trains while it is
# read. The gold passage of a question is for measuring only. `minirag train rag` does the same in large.

# %%
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from minirag import Passage, build_knowledge_base
from minirag.model.checkpoint import encoder_fingerprint
from minirag.questions.question import Question
from minirag.retrieval.encoding import encode_passages
from minirag.training.loop import train
from minirag.training.rag.opening import open_start
from minirag.training.rag.task import RagSettings, rag_task, trained_networks
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings
from minirag.world.facts import read_facts

DEMO, place = Path("weights/demo"), TemporaryDirectory()
kb, run_folder = Path(place.name) / "kb", Path(place.name) / "run"
known = [(f.entity, f.value) for f in read_facts(DEMO / "facts.jsonl") if f.relation == "capital"]
facts = [(land, city) for land, city in known if " " not in land + city and land not in city][:48]
demo = open_start(DEMO)
encoder, words = demo.context_encoder, demo.model.rag.tokenizer.question_encoder
passages, fingerprint = [Passage(x, x, f"The capital of {x} is {y}.") for x, y in facts], encoder_fingerprint(encoder)
build_knowledge_base(kb, passages, lambda those: encode_passages(encoder, words, those), fingerprint)
questions = [Question(f"What is the capital of {x}?", (y,), (x,)) for x, y in facts]
dev = [Question(f"Which city is the capital of {x}?", (y,), (x,)) for x, y in facts[::3]]
torch.set_num_threads(1)  # quicker for networks as small as these


def spoiled_run(encoder_rate, folder=None, **opened):
    """What it starts from, and the steps of its training."""
    start = open_start(DEMO, knowledge_base=kb, likelihood="sequence", **opened)
    noise = torch.Generator().manual_seed(0)
    for matrix in (p.data for p in start.model.question_encoder.parameters() if p.ndim > 1):
        matrix += 0.6 * matrix.std() * torch.randn(matrix.shape, generator=noise)
    settings, own = RagSettings(likelihood="sequence", n_docs=4, batch_size=8), (("question_encoder.", encoder_rate),)
    rates = {"learning_rate": 1e-5, "learning_rates": own, "warmup_steps": 3, "bf16": False}
    loop = LoopSettings(steps=8, **rates, measure_every=2, measure_first=True, checkpoint_every=2)
    networks, task = trained_networks(start, settings), rag_task(start, questions, dev, settings)
    return start, train(networks, task, loop, folder and RunFolder(folder))


start, steps = spoiled_run(encoder_rate=3e-4)
healthy = list(steps)
print("step  nll/token  recall@1  entropy   KL  distinct")
for step, m in ((each.step, each.measured) for each in healthy if each.measured):
    row = f"{step:4} {m['nll_per_token']:10.1f} {m['recall_at_1']:9.1f} {m['prior_entropy']:8.1f}"
    print(row, f"{m['posterior_kl']:4.1f} {m['distinct_passages']:9.2f}")
assert encoder_fingerprint(start.context_encoder) == fingerprint

# %% [markdown]
# Nobody said which passage, and many more questions find theirs first. The context encoder is what it was: the 48
# vectors still fit (§2.4). Does the likelihood rise? At step 0 a generator of random weights has about log V a token,
# whatever it reads; much more would be a mistake in the loss. Does the retriever become sure (entropy)? How much do the
# answers still correct it (KL)? Do different questions get different passages: how many of the 64 that were retrieved
# are distinct?

# %% [markdown]
# ## Collapse
#
# The same again, but the question encoder's learning rate is 0.01. Steps that long carry q(x) to one place for all
# questions. They all get nearly the same 4 passages, among which the gradient can choose.

# %%
from minirag.plots import loss_curve, retriever_collapse

first = next(spoiled_run(encoder_rate=3e-4, fresh_generator=0)[1]).measured
print(f"random generator: {first['nll_per_token']:.1f} nats a token, log V = {first['uniform_nll_per_token']:.1f}")
collapsed = list(spoiled_run(encoder_rate=0.01)[1])
seen = [each for each in collapsed if each.measured]
shares, entropies = ([each.measured[name] for each in seen] for name in ("distinct_passages", "prior_entropy"))
print(f"distinct {shares[-1]:.1f}, recall@1 {seen[-1].measured['recall_at_1']:.1f}")
runs = (("rate 0.0003", healthy), ("rate 0.01", collapsed))
figure = loss_curve({name: [each.loss for each in run if each.step] for name, run in runs})
figure

# %%
figure = retriever_collapse([each.step for each in seen], shares, entropies, n_docs=4)
figure

# %% [markdown]
# Low entropy alone is no health: this retriever is often sure, of the same passage for all. The paper met collapse at usual
# rates, on tasks where the generator can do without passages (appendix H). Hence a rate of the question encoder's own,
# `--question-encoder-rate`, and these measures. The runs on real questions, in tutorial 18, begin with a small generator
# that learned from nothing; its long runs, and its exact match with the gold passage:

# %%
for run in json.loads(Path("benchmarks/results/training.json").read_text("utf-8"))["bart"]:
    print(f"from {run['start']}, {run['minutes']:.0f} minutes: {run['exact_match']:.0%} of {run['questions']} right")

# %% [markdown]
# ## Stopped, and gone on with
#
# Which questions make a batch is a function of seed and step. So weights, Adam's moments and the random state are all
# that a checkpoint needs: stopped after step 2, a run goes on with the very losses of the one that was not.

# %%
next(each for each in spoiled_run(3e-4, run_folder)[1] if each.step == 2)
_, steps = spoiled_run(3e-4, run_folder)  # other objects, as after a power cut
assert [next(steps).loss for _ in range(2)] == [each.loss for each in healthy if each.step in (3, 4)]
place.cleanup()

# %% [markdown]
# ## Check yourself
#
# For any table: `tests/training/rag/test_objective.py::test_the_gradient_of_a_score_is_prior_minus_posterior` (of the loss).
#
# 1. In the example each passage gives the answer 0.05. What are the gradient and the KL? And with n_docs 1?
# 2. Train with `retriever="frozen"`. Which of the columns cannot change?
# 3. Which share of the masks stands for no token? How many would it be with Poisson(1)?
