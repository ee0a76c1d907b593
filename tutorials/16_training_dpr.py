# %% [markdown]
# # 16 Training DPR: what does a retriever learn from?
#
# Modules: minirag/training/dpr/objective.py, minirag/training/dpr/batches.py, minirag/training/dpr/gradient_cache.py
#
# Paper: DPR §3.2
#
# A retriever is to give a question's own passage a higher score than all others. They are millions, too many to score at
# every step. DPR's way out: the passages of the other questions in the batch stand for everything that is wrong.
#
# ## Three questions, three passages
#
# Passage j answers question j, so the right scores stand on the diagonal. With q and d for the vectors, the loss is
#
# L = −1/B Σ_i log ( exp(d_iᵀq_i) / Σ_j exp(d_jᵀq_i) )
#
# `dpr_loss` takes the vectors. With unit vectors for passages, a question's vector is its row of scores: our table.

# %%
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from minirag.training.dpr.objective import dpr_loss

table = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 2.0]])  # row: question, column: passage
mean = 0.0
for i in range(3):
    weights = table[i].exp()
    mean -= (weights[i] / weights.sum()).log().item() / 3
    print(f"question {i + 1}: p = {weights[i]:.2f} / {weights.sum():.2f} = {weights[i] / weights.sum():.3f}")
print(f"mean of −log p: {mean:.3f}; knowing nothing would be log 3 = {torch.tensor(3.0).log():.3f}")
q, d = table.clone().requires_grad_(), torch.eye(3)
loss = dpr_loss(q, d)
loss.backward()
assert abs(loss.item() - mean) < 1e-6
print("3 · gradient:", [[f"{g:+.3f}" for g in row] for row in (3 * q.grad).tolist()])
assert torch.allclose(3 * q.grad, table.softmax(dim=1) - torch.eye(3), atol=1e-6)

# %% [markdown]
# The second question cannot tell its passage from the third one's. The gradient of the scores is p − 1 on the diagonal and
# p beside it: the own passage is pulled by what it lacks, every other one is pushed away by what it has too much. Each row
# sums to 0, and a passage with a low score teaches next to nothing.
#
# ## The same passage twice
#
# Let the third passage be the second one once more. Question 3 pulls it nearer, question 2 pushes it away by 0.422: the same
# text, in opposite directions. So `batch_of` puts every passage into the batch once, and takes out of a question's softmax
# whatever else answers it: here the same text under another title.

# %%
from minirag import KnowledgeBase, Passage
from minirag.training.dpr.batches import Example, batch_of

texts = {"Bern": "The Swiss capital.", "Oslo": "The capital of Norway.", "Norway": "The capital of Norway."}
batch = batch_of([Example(f"Question {t}", (), (Passage(t, t, text),), ()) for t, text in texts.items()])
q.grad = None
dpr_loss(q, d, candidates=batch.candidates).backward()
print(f"in the softmax: {batch.candidates.tolist()}; question 2 pushes the copy away by {3 * q.grad[1, 2]:.3f}")

# %% [markdown]
# ## Hard negatives
#
# Passages of other questions are mostly about something else, and easy. More is learned from a passage that looks right and
# is not. DPR takes what BM25 (tutorial 08) ranks high and what does not contain the answer. By hand, for one question:

# %%
from minirag.retrieval.bm25 import search_bm25
from minirag.training.demo.questions import demo_training_questions
from minirag.training.dpr.mining import hard_negatives, mined, rank_by_bm25

store = KnowledgeBase.open("weights/demo/knowledge_base").store
questions = demo_training_questions("weights/demo")  # none of them is in weights/demo/questions.jsonl
one = questions[700]
print(one.question, "→", one.answers[0])
rows = [row for row, _ in search_bm25(store, one.question, k=3)]
for passage in store.get(rows):
    print("   answers " if one.answers[0] in passage.text else "   negative", f"{passage.id}: {passage.text[:80]} …")
print("minirag takes", [passage.id for passage in hard_negatives(one, store, rows, wanted=2)])
with_negatives = list(mined(questions[:3840:8], store, rank_by_bm25(store, depth=20), per_question=4))  # `minirag mine`

# %% [markdown]
# ## A real run
#
# A new encoder with random weights, one layer, 64 numbers a vector, for both sides; 480 questions about the real world, 32 to
# a batch, once each. The measure: 200 other questions against 500 passages. And three ways to choose what is wrong: 3 passages
# of others (8 groups of 4 questions, gradients added up), 31, or these and the batch's 32 hard negatives.

# %%
from minirag.configuration import BertConfig
from minirag.plots import loss_curve, recall_curve
from minirag.questions.reading import read_questions
from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.dev_pool import dev_pool
from minirag.training.dpr.encoding import cut, passage_chunks, question_chunks
from minirag.training.dpr.sources import examples_from_questions, lookup_in
from minirag.training.dpr.task import DprSettings, batch_backward, dpr_task
from minirag.training.dpr.towers import new_towers
from minirag.training.loop import train
from minirag.training.run_folder import RunFolder
from minirag.training.settings import LoopSettings

torch.set_num_threads(1)  # a network this small is no quicker on two cores
tokenizer, lookup = Tokenizer.from_pretrained("weights/demo/question_encoder_tokenizer"), lookup_in(store)
dev = dev_pool(read_questions("weights/demo/questions.jsonl"), lookup, store, size=500, most=200)
sizes = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 128}
config = BertConfig(vocab_size=tokenizer.vocab_size, pooling="mean", normalize=True, **sizes)  # dropout 0.1
settings, options = DprSettings(max_length=64), {"learning_rate": 2e-3, "warmup_steps": 5, "bf16": False}


def start(hard: int):
    network = new_towers(config, scale=20.0)  # scores are cosines, times 20
    batch_at, _ = examples_from_questions(with_negatives, range(480), lookup, 32, hard)
    return network, batch_at, dpr_task(network, tokenizer, batch_at, settings, dev)


recall, losses = {}, {}
for name, size, hard in (("3 negatives", 4, 0), ("31 negatives", 32, 0), ("31 + 32 hard", 32, 1)):
    model, batch_at, task = start(hard)

    def add_gradients(step: int, model=model, batch_at=batch_at, size=size) -> float:
        parts = [batch_of(batch_at(step)[first : first + size]) for first in range(0, 32, size)]
        return sum(batch_backward(model, tokenizer, part, settings) for part in parts) / len(parts)

    steps = list(train(model, replace(task, objective=add_gradients), LoopSettings(15, **options, measure_first=True)))
    losses[name] = [step.loss for step in steps[1:]]
    for when, step in (("before", steps[0]), (name, steps[-1])):
        recall[when] = [step.measured[f"recall_at_{k}"] for k in (1, 5, 20)]
for name, shares in recall.items():
    print(f"{name:12} recall@1, 5 and 20:", [f"{share:.2f}" for share in shares])
figure = loss_curve(losses, unit="nats per question")
figure

# %% [markdown]
# The three losses are not to be compared: it is easier to be right among 4 than among 64. Recall can be, but 15 steps do not
# show what more negatives are worth, nor hard ones: other dropout orders the three otherwise. DPR's table 3 does; top-20
# accuracy on Natural Questions, in %. Below it, our own long runs on real questions (minutes, not seconds):

# %%
print({"7": 69.1, "31": 70.8, "127": 73.0, "31 + 32 hard": 77.3})
for run in json.loads(Path("benchmarks/results/training.json").read_text("utf-8"))["dpr"]:
    shares = ", ".join(f"{100 * share:.1f}" for share in run["recall"].values())
    print(f"{run['start']}, {run['minutes']:.0f} minutes: recall@1, 5, 20, 100 in %: {shares}")
figure = recall_curve({name: recall[name] for name in (*losses, "before")}, [1, 5, 20])
figure

# %% [markdown]
# ## A batch that does not fit
#
# Small batches whose gradients are added up are no large batch. But the loss needs the vectors only. Compute all vectors,
# a chunk at a time, without a graph; then the gradient of the vectors; then each chunk once more, with its graph.

# %%
batch = batch_of(batch_at(0))
chunks = question_chunks(model, tokenizer, cut(batch.questions, 8), length=64)
chunks += passage_chunks(model, tokenizer, cut(batch.passages, 8), length=64)
with torch.no_grad():
    v = torch.cat([encode() for encode in chunks]).requires_grad_()
dpr_loss(v[:32], v[32:], batch.gold, batch.candidates).backward()
for encode, gradient in zip(chunks, v.grad.split(8), strict=True):
    encode().backward(gradient)
by_hand = torch.cat([weight.grad.flatten() for weight in model.parameters()])
for parts in (1, 4):
    model.zero_grad()
    batch_backward(model, tokenizer, batch, replace(settings, parts=parts))
    ours = torch.cat([weight.grad.flatten() for weight in model.parameters()])
    print(f"in {parts}: length of the gradient {ours.norm():.2f}, of the difference {(ours - by_hand).norm():.5f}")
    assert torch.allclose(ours, by_hand, atol=1e-5)

# %% [markdown]
# ## Stopped, and gone on
#
# A step depends on weights, Adam's moments, random state (dropout) and its number. A checkpoint keeps them all. Here it is
# written after three steps: the fourth is done twice, and the weights are the same in the end, bit for bit.

# %%
place, ends = TemporaryDirectory(), []
for name, folder, seen in (("in one go", "one", 6), ("stopped", "two", 4), ("gone on", "two", 6)):
    network, _, task = start(hard=0)
    run, six = RunFolder(Path(place.name) / folder), LoopSettings(6, **options, checkpoint_every=3)
    steps = zip(range(seen), train(network, replace(task, measure=None), six, run), strict=False)
    print(f"{name:10}", {step.step: round(step.loss, 2) for _, step in steps})
    ends.append(network)
assert all(torch.equal(a, b) for a, b in zip(ends[0].parameters(), ends[2].parameters(), strict=True))
place.cleanup()

# %% [markdown]
# ## Check yourself
#
# A masked passage gets no gradient, and chunks give the same one, with dropout, too:
# `tests/training/dpr/test_objective.py::test_a_masked_passage_gets_no_gradient_from_the_question_it_is_masked_for` and
# `tests/training/dpr/test_gradient_cache.py::test_the_cached_gradient_is_the_gradient_with_the_same_dropout`.
#
# 1. The encoder above gives cosines, times 20. Why not cosines as they are? What is the least loss they can reach?
# 2. A passage contains a question's answer and is nobody's gold passage. When is it a good negative? See `mask_answers`.
# 3. With dropout, what if the last pass over the chunks drew other random numbers than the first?
