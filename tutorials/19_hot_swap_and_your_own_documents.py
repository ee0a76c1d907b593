# %% [markdown]
# # 19 Hot swap and your own documents: what does the model know when its index changes?
#
# Modules: minirag/documents/reading.py, minirag/documents/split.py, minirag/world/swap.py, minirag/evaluation/hot_swap.py
#
# Paper: RAG §4.5 (index hot-swapping)
#
# A language model's knowledge is in its weights, and weights are hard to correct. A RAG model's knowledge is in its index.
# The authors tested it with heads of state: with the index of 2016 the model named those of 2016, with that of 2018 those
# of 2018, and nothing was trained in between. This page does the same, first with one sentence, then with a whole world,
# then with documents of your own.
#
# ## One sentence

# %%
from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
question = "What is the capital of Mongolia?"
for passage in ("Ulaanbaatar is the capital of Mongolia.", "Karakorum is the capital of Mongolia."):
    print(rag.answer(question, passages=[("Mongolia", passage)]).text)

# %% [markdown]
# The model believes what it reads. That is what we want: Karakorum was the capital once, and a model that answers from a
# history book should say so.
#
# ## A world in which every fact is another's
#
# To test that on more than one sentence, every entity gets another one's values. By hand, on three capitals: write the
# values in a row and move them by one.

# %%
from minirag.world.facts import Fact
from minirag.world.swap import swap_facts

facts = [
    Fact("Mongolia", "country", "capital", "Ulaanbaatar"),
    Fact("Peru", "country", "capital", "Lima"),
    Fact("Chad", "country", "capital", "N'Djamena"),
]
values = [fact.value for fact in facts]
moved = values[1:] + values[:1]
print("by hand:", dict(zip([fact.entity for fact in facts], moved, strict=True)))
swapped = swap_facts(facts, seed=0)
print("minirag:", {fact.entity: fact.value for fact in swapped})
assert sorted(fact.value for fact in swapped) == sorted(values)
assert all(old.value != new.value for old, new in zip(facts, swapped, strict=True))

# %% [markdown]
# The same entities, relations and values, and nothing where it was. Now all 5,141 facts of the shipped world, written into
# passages again, encoded by the same encoder. Encoding them takes a few seconds; the model is not touched.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from minirag import DPRContextEncoder, KnowledgeBase, build_knowledge_base
from minirag.evaluation.hot_swap import swapped_world
from minirag.model.checkpoint import encoder_fingerprint, load_network
from minirag.retrieval.encoding import encode_passages
from minirag.world.facts import read_facts

true_facts = read_facts("weights/demo/facts.jsonl")
passages, questions = swapped_world(true_facts, seed=0)
context_encoder = load_network(DPRContextEncoder, "weights/demo/ctx_encoder")


@torch.no_grad()
def embed(those):
    return encode_passages(context_encoder, rag.rag.tokenizer.question_encoder, those)


place = TemporaryDirectory()
fingerprint = encoder_fingerprint(context_encoder)
other_world = build_knowledge_base(Path(place.name) / "swapped", passages, embed, fingerprint)
print(f"{len(true_facts):,} facts, {len(other_world):,} passages; one of them: {passages[0].text}")

# %% [markdown]
# Two indices, two sets of right answers, one model. If it answered from its weights, its answers would not care which index
# it is given. So: 30 questions with the true answers and 30 with the swapped ones, each asked with either index.

# %%
import json
from random import Random

from minirag import RagRetriever
from minirag.answer import answer_batch
from minirag.evaluation.metrics import exact_match

lines = Path("weights/demo/questions.jsonl").read_text("utf-8").splitlines()
right = {
    "true": [(row["question"], row["answers"]) for row in map(json.loads, Random(0).sample(lines, 30))],
    "swapped": [(row.question, list(row.answers)) for row in Random(0).sample(questions, 30)],
}
shares = []
for name, knowledge_base in (
    ("true index", KnowledgeBase.open("weights/demo/knowledge_base", fingerprint)),
    ("swapped index", other_world),
):
    rag.set_retriever(RagRetriever(rag.config, knowledge_base, rag.rag.tokenizer))
    shares.append([])
    for asked in right.values():
        texts = [answer.text for answer in answer_batch(rag, [question for question, _ in asked], num_beams=1)]
        hits = sum(exact_match(text, answers) for text, (_, answers) in zip(texts, asked, strict=True))
        shares[-1].append(hits / len(asked))
    print(f"{name:14} true answers {shares[-1][0]:.0%}, swapped answers {shares[-1][1]:.0%}")
assert min(shares[0][0], shares[1][1]) > 0.7 > 0.2 > max(shares[0][1], shares[1][0])

# %%
from minirag.plots.style import BLUE, VERMILLION, new_figure

with new_figure(height=2.6) as figure:
    axes = figure.subplots()
    for offset, name, colour, hatch, row in (
        (-0.2, "true index", BLUE, "", shares[0]),
        (0.2, "swapped index", VERMILLION, "//", shares[1]),
    ):
        style = {"label": name, "color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
        bars = axes.barh([offset, 1 + offset], [100 * share for share in row], 0.38, **style)
        axes.bar_label(bars, [f"{share:.0%}" for share in row], padding=3)
    axes.set_yticks([0, 1], labels=["true\nanswers", "swapped\nanswers"])
    axes.invert_yaxis()
    axes.set(xlim=(0, 115), xticks=range(0, 101, 25), xlabel="exact match (% of 30 questions)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
told = [
    f"{name} {row[0]:.0%} of the true and {row[1]:.0%} of the swapped answers"
    for name, row in zip(("true", "swapped"), shares, strict=True)
]
figure.set_label(f"Bars of exact match, by index: {told[0]}; {told[1]}.")
figure

# %% [markdown]
# The answers follow the index. (In the paper they are right for 70 % and 68 % with the index of their own year, for 12
# % and 4 % with the other; its passages are Wikipedia as people wrote it.)
#
# ## Your own documents
#
# Files become passages: a row of a table is a passage, a long text is cut at the ends of sentences into pieces of about
# 100 words, so that each fits in front of a question. Here is the rule at work with pieces of six words:

# %%
from minirag.documents.split import split_text

story = "Atlantis lies in the sea. Its capital is Poseidonis, as everybody knows. Nobody goes there. It sank one day."
print(len(story.split()), "words:", split_text(story, words=6))
assert " ".join(split_text(story, words=6)) == story

# %%
from minirag.documents.reading import read_documents

(Path(place.name) / "lands.csv").write_text(
    "title,text\nAtlantis,The capital of Atlantis is Poseidonis.\nUtopia,Amaurot is the capital of Utopia.\n", "utf-8"
)
(Path(place.name) / "notes.md").write_text("# Elfland\n\nElfland is governed from its capital, Alfheim.\n", "utf-8")
own = list(read_documents(sorted(Path(place.name).glob("*.*"))))
for passage in own:
    print(f"{Path(passage.id).name:12} {passage.title:9} {passage.text}")

my_base = build_knowledge_base(Path(place.name) / "mine", own, embed, fingerprint)
rag.set_retriever(RagRetriever(rag.config, my_base, rag.rag.tokenizer))
for land in ("Utopia", "Elfland"):
    print(land, "→", rag.answer(f"What is the capital of {land}?", n_docs=1).text)

# %% [markdown]
# A document changes. Only what is new is encoded; whoever has the base open goes on with the old one:

# %%
from minirag import update_knowledge_base

notes = Path(place.name) / "notes.md"
notes.write_text("# Elfland\n\nElfland is governed from its capital, Nornheim.\n", "utf-8")
new_base, changes = update_knowledge_base(
    my_base.folder, lambda source: source == notes.as_posix(), read_documents([notes]), embed, fingerprint
)
print("encoded:", len(changes.new_rows()), "of", changes.count, "passages; gone:", changes.removed)
for name, base in (("as it was opened", my_base), ("as it is now", new_base)):
    rag.set_retriever(RagRetriever(rag.config, base, rag.rag.tokenizer))
    print(f"{name:17} Elfland →", rag.answer("What is the capital of Elfland?", n_docs=1).text)
place.cleanup()

# %% [markdown]
# In a shell: `minirag index lands.csv notes.md --out mine`, the same again after a change, and `minirag ask "…" --kb mine`.
# The base carries the fingerprint of the encoder that made it; with another encoder's vectors every result would be wrong with
# nothing to show it, so it is refused.
#
# A word of caution: the shipped model is small and reads sentences like these, with one fact each. For prose as people
# write it, bring a published model (README, "Published checkpoints") or train one.
#
# ## Check yourself
#
# That swapping keeps entities, relations and values and moves every fact it can is held by
# `tests/world/test_swap.py::test_a_swap_keeps_entities_and_relations_and_permutes_the_values_of_each_relation`.
#
# 1. Hand the model a passage about the right land and one about another, without scores. Then give the wrong one a score of
#    6. What changes?
# 2. Open the knowledge base with the fingerprint of another encoder. What does the error say?
# 3. Cut the story into pieces of eight words. Which sentence ends does it choose?
