# %% [markdown]
# # 18 Evaluation and ablations: is it better, or was it luck?
#
# Modules: minirag/evaluation/metrics.py, minirag/evaluation/bootstrap.py, minirag/evaluation/evaluate.py
#
# Paper: RAG §3.1, §4.5, Fig. 3; DPR §5
#
# A model was changed and answers 78 % of the questions, where it was 75 %. Is it better? That depends on what counts as right,
# on how many questions there were, on whether both were asked the same ones, and on everything else that was changed.
#
# ## What counts as right
#
# Exact match asks for the same words, after what does not matter is gone: case, punctuation, articles, spaces. F1 gives a
# part for some of the words: 2 · shared / (words said + words expected), each word as often as both have it.

# %%
import string
from pathlib import Path

from minirag.evaluation.metrics import exact_match, f1

pairs = [
    ("the eiffel tower!", "The Eiffel Tower"),
    ("Ulaanbaatar, Mongolia", "Ulaanbaatar"),
    ("3,280,000", "3.28 million"),
    ("U.S.", "US"),
]
for said, expected in pairs:
    bags = []
    for text in (said, expected):
        letters = "".join(letter for letter in text.lower() if letter not in string.punctuation)
        bags.append([word for word in letters.split() if word not in ("a", "an", "the")])
    shared = sum(min(bag.count(word) for bag in bags) for word in set(bags[0]))
    share = 2 * shared / (len(bags[0]) + len(bags[1]))
    print(
        f"{said:22} {expected:17} equal: {said == expected!s:5}  exact match: {bags[0] == bags[1]!s:5}  F1: {share:.2f}"
    )
    assert exact_match(said, [expected]) == (bags[0] == bags[1]) and f1(said, [expected]) == share

# %% [markdown]
# Compared as they are, all four are wrong. The rule (SQuAD's) finds two of them right, and is still blind to the third:
# another way to write a number is another answer. So questions come with all the answers that are right, and the best of
# them counts.
#
# ## Was the right passage found?
#
# Three questions, the titles that were retrieved, best first, and those that are gold. *Recall@k*: is a gold one among the
# first k? *MRR*: the mean of 1 / rank of the first gold one. *R-precision*: of the first R, the share that is gold, if R are.

# %%
from minirag.evaluation.metrics import r_precision, rank_of_gold, recall_at_k, reciprocal_rank

searches = [(["a", "b", "c"], {"a"}), (["c", "b", "a"], {"a", "b"}), (["c", "b", "d"], {"a"})]
ranks = [rank_of_gold(*search) for search in searches]
print("ranks of the first gold one:", ranks)
print("recall@1, @3:", *(f"{sum(recall_at_k(*search, k=k) for search in searches)}/3" for k in (1, 3)))
print(f"MRR: (1 + 1/2 + 0) / 3 = {sum(map(reciprocal_rank, ranks)) / 3:.2f}")
print("R-precision:", [r_precision(*search) for search in searches])
assert ranks == [1, 2, None] and sum(map(reciprocal_rank, ranks)) == 1 + 1 / 2

# %% [markdown]
# Nobody marked every passage that answers. *Answer in top k* asks for the answer's words instead, and so counts passages that
# nobody marked, and some that hold the words by chance.

# %%
from minirag.evaluation.metrics import rank_of_answer

texts = ["In 1066 there was a battle.", "The league has 10 clubs.", "Ten elements were known in 1600."]
print("'10' stands in passage", rank_of_answer(texts, ["10"]), "and 'ten' in passage", rank_of_answer(texts, ["ten"]))
assert rank_of_answer(texts, ["10"]) == 2

# %% [markdown]
# ## How sure is a number?
#
# 15 of 20 answers are right: 75 %. With 20 other questions of the same kind it would have been another number. We have no
# others, so draw 20 of ours with replacement, again and again: that is the bootstrap. Where do 95 % of the means lie?

# %%
from random import Random

import torch

from minirag.evaluation.bootstrap import bootstrap_intervals

right, chance = [1.0] * 15 + [0.0] * 5, Random(0)
means = sorted(sum(chance.choices(right, k=20)) / 20 for _ in range(2000))
print(f"by hand: {means[49]:.2f} to {means[-50]:.2f}")
for times in (1, 4, 16, 64):
    low, high = bootstrap_intervals(torch.tensor(right * times)[:, None])[0].tolist()
    print(f"minirag, {20 * times:4} questions: {low:.2f} to {high:.2f}")

# %% [markdown]
# (Means of 20 come in steps of 0.05, so the two ends may be a step apart.) Four times as many questions make the interval
# half as wide. 78 % against 75 % of 400 questions is 312 against 300, and the two intervals overlap. But both were asked the
# same questions: look at the difference, question by question. The two may disagree about 108 of them or about 16.

# %%
for both, only_new, only_old in ((252, 60, 48), (298, 14, 2)):
    counts = torch.tensor([both, only_new, only_old, 400 - both - only_new - only_old])
    new, old = (torch.tensor(row).repeat_interleave(counts) for row in ([1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]))
    values = torch.stack([old, new, new - old], dim=1)  # all columns are drawn together
    told = zip(("old", "new", "new − old"), values.mean(dim=0), bootstrap_intervals(values).tolist(), strict=True)
    print(", ".join(f"{name} {mean:.2f} ({low:+.2f} to {high:+.2f})" for name, mean, (low, high) in told))

# %% [markdown]
# The same two means. Of the second pair we may say that the new one is better, of the first we may not. (Better on questions
# like these: what another seed of the training would give, no interval over questions knows.)
#
# ## A number without its settings cannot be compared
#
# How many passages were read, how many beams, which index, which weights? `evaluate` hands back both together. Here it has
# 24 of the 1,200 questions of the shipped model, so that this page runs in seconds:

# %%
from minirag import RagSequenceForGeneration, RagTokenForGeneration
from minirag.evaluation.evaluate import evaluate
from minirag.questions.reading import read_questions

torch.set_num_threads(1)  # a network this small is no quicker on two cores
asked = read_questions("weights/demo/questions.jsonl")[3::50]
token = RagTokenForGeneration.from_pretrained("weights/demo")
report = evaluate(token, asked, n_docs=3, num_beams=1)
print(report.settings)
for name, measure in report.measures.items():
    print(f"{name:27} {measure.mean:.2f}, {measure.low:.2f} to {measure.high:.2f}, {measure.n} questions")

# %% [markdown]
# ## Ablations: change one thing
#
# How many passages should be read, and who should find them? The paper asks it in Fig. 3 and table 6. Here, one line for
# each retriever, and nothing differs along a line but n_docs.

# %%
from minirag.plots import exact_match_curve

places = (1, 3, 6)
reports = {
    name: [evaluate(token, asked, n_docs, num_beams=1, retriever=name.lower()) for n_docs in places]
    for name in ("Dense", "BM25")
}
for name, row in reports.items():
    told = [f"{report.exact_match:.2f} (an answer in {report.mean('answer_retrieved'):.2f})" for report in row]
    print(f"{name:5} with 1, 3, 6 passages: exact match", ", ".join(told))
values = torch.tensor([[float(row.exact_match) for row in reports[name][1].rows] for name in reports]).T
low, high = bootstrap_intervals((values[:, 0] - values[:, 1])[:, None])[0].tolist()
print(f"Dense − BM25 at 3 passages: {(values[:, 0] - values[:, 1]).mean():.2f}, from {low:.2f} to {high:.2f}")
figure = exact_match_curve({name: [report.exact_match for report in row] for name, row in reports.items()}, places)
figure

# %%
without = reports["BM25"][0].measures["exact_match_without_answer"]
print(f"BM25's first passage holds no answer for {without.n} questions; exact match there: {without.mean:.2f}")
sequence = RagSequenceForGeneration.from_pretrained("weights/demo")
ways = [evaluate(sequence, asked, n_docs=2, num_beams=2, decoding=way).rows for way in ("thorough", "fast")]
same = sum(one.prediction == other.prediction for one, other in zip(*ways, strict=True))
print(f"thorough and fast decoding: {same} of {len(asked)} answers are the same")
print(f"with no difference in {same} questions, {1 - 0.05 ** (1 / same):.2f} of all answers may still differ")

# %% [markdown]
# More passages hold the answer more often, and bring more to be confused by: with 6 of BM25's it is always there, and is given
# no more often than with 3. (One time less, in fact. By this page's own lights that may be luck.) Where BM25 finds none that
# holds it, this model has nothing to copy from and is never right; the paper's, whose BART had read much, is right for 12 % of
# such questions (§4.1). And no difference is no proof that there is none: if 12 % of all answers differed, 24 equal ones in a
# row would still come once in 20 times. The bootstrap cannot say that: where all values are alike, its interval has no width.
#
# ## On real questions
#
# `minirag reproduce` asks the paper's questions at the size of a laptop, with three seeds each. What it found on openqa, as
# exact match with its interval:

# %%
import json

for table in json.loads(Path("docs/reproduction/openqa/tables.json").read_text("utf-8"))["tables"]:
    print(table["title"])
    for row in table["rows"]:
        if "exact_match" in row["measures"]:
            found = row["measures"]["exact_match"]
            print(f"  {row['row']:42} {found['mean']:.3f} ({found['low']:.3f} to {found['high']:.3f})")

# %% [markdown]
# ## Check yourself
#
# That an interval covers the true mean about as often as it says is held by
# `tests/evaluation/test_bootstrap.py::test_the_interval_covers_the_true_mean_about_as_often_as_it_says`.
#
# 1. Find a wrong answer, by exact match, whose F1 is 1. What does F1 not see?
# 2. Of 200 questions, a model answers 150. How many more must another one get right, so that the interval of the difference
#    lies above 0, if it gets everything right that the first one does? And if it fails at 20 of those?
# 3. With 6 passages of BM25 an answer is there more often than it is given. What gets in the way? Try `bm25_scale`.
