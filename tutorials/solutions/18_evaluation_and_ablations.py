# %% [markdown]
# # Solutions to 18 Evaluation and ablations

# %% [markdown]
# ## Exercise 1
#
# F1 counts words and does not see their order.

# %%
from minirag.evaluation.metrics import exact_match, f1

said, expected = "Solomon King", ["King Solomon"]
print(f"exact match {exact_match(said, expected)}, F1 {f1(said, expected):.1f}")
assert not exact_match(said, expected) and f1(said, expected) == 1

# %% [markdown]
# ## Exercise 2
#
# Without a single loss, four more are enough: a draw of 200 that misses all four is rarer than one in 40. (With three it is
# not: 0.985 to the power of 200 is nearly 0.05.) With 20 losses the gains must outdo their own scatter as well: what is gained
# beyond 20 has to be about twice the root of gains and losses together.

# %%
import torch

from minirag.evaluation.bootstrap import bootstrap_intervals

for lost in (0, 20):
    for gained in range(lost + 1, 51):
        difference = torch.tensor([1.0] * gained + [-1.0] * lost + [0.0] * (200 - gained - lost))[:, None]
        if bootstrap_intervals(difference, resamples=2000)[0, 0] > 0:
            break
    print(f"{lost:2} lost: {gained} gained, {2 * (gained + lost) ** 0.5:.0f} is twice the root of both")
    assert abs(gained - (4 if lost == 0 else 35)) <= 1
print(f"chance to draw none of three: {0.985**200:.3f}, none of four: {0.98**200:.3f}")

# %% [markdown]
# ## Exercise 3
#
# Every passage says something, and this generator believes what it reads. With all passages alike (scale 0) the others
# outvote the right one, so it is for the prior to know which passage is meant. BM25's scores are its logits: times 3, the
# first passage decides nearly alone, as if it were the only one. In between (1, as on the page) it is hardly better: shared
# words do not tell a passage that answers from one that does not. A retriever that is trained does (tutorial 16).

# %%
from minirag import RagTokenForGeneration
from minirag.evaluation.evaluate import evaluate
from minirag.questions.reading import read_questions

torch.set_num_threads(1)
asked = read_questions("weights/demo/questions.jsonl")[3::50]
token = RagTokenForGeneration.from_pretrained("weights/demo")
for scale in (0.0, 3.0):
    report = evaluate(token, asked, n_docs=6, num_beams=1, retriever="bm25", bm25_scale=scale)
    print(f"bm25_scale {scale:.1f}: exact match {report.exact_match:.2f}")
