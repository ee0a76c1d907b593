# %% [markdown]
# # 08 Passages and BM25: which passages share words with the question?
#
# Modules: minirag/retrieval/passages.py, minirag/retrieval/bm25.py
#
# Paper: RAG §3, §4.5; DPR §5, table 2
#
# Before there were vectors there were words, and BM25, a way of counting them, is hard to beat: the RAG paper compares
# with it, and on fact verification it wins. What does it count? And where do words fail, so that vectors are needed?
#
# ## Where passages live
#
# A passage has a title, a text, and a name that its owner chose; the paper has 21 million, of a hundred words each. All
# of them stand in one SQLite file, which any tool can open. The order in which they were written gives each its *row*,
# and the row is also that of its vector (tutorial 09).

# %%
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from minirag.retrieval.passages import Passage, PassageStore

own = [
    Passage("tin", "Tin", "Tin is soft."),
    Passage("lead", "Lead", "Lead melts at 327 degrees."),
    Passage("gold", "Gold", "Gold does not rust."),
]
scratch = TemporaryDirectory()
path = Path(scratch.name) / "passages.sqlite"
store = PassageStore.create(path, own)
print(len(store), "passages; lead is in row", store.rows_of(["lead"]), "and row 2 is", store.get([2])[0].title)
with sqlite3.connect(path) as connection:  # as anybody would
    print(connection.execute("SELECT row, id, title FROM passages WHERE text LIKE '%melts%'").fetchall())
connection.close()
assert list(store) == own

# %% [markdown]
# The file is written once and never changed: a store opens it for reading alone, from as many threads as one likes. Two
# passages of one name are refused, and then no file is left:

# %%
try:
    PassageStore.create(Path(scratch.name) / "twice.sqlite", [own[0], own[0]])
except ValueError as error:
    print(error)

# %% [markdown]
# ## BM25, by hand
#
# Three ideas. A word that few passages have says more than one that all have: idf. A word that comes twice says more than
# one that comes once, but not twice as much. And in a long passage any word is found more easily, so length counts against
# it. For every word w of the question x, with N passages of which n(w) have it, f(w, z) times in z:
#
# score(x, z) = Σ_w idf(w) · f(w, z) · (k1 + 1) / (f(w, z) + k1 · (1 − b + b · |z| / mean |z|))
#
# idf(w) = log((N − n(w) + ½) / (n(w) + ½)), k1 = 1.2, b = 0.75, and z is title and text together.

# %%
from math import log

documents = [f"{passage.title} {passage.text}".lower().replace(".", "").split() for passage in own]
mean_length = sum(len(document) for document in documents) / len(documents)
print("lengths", [len(document) for document in documents], " mean", mean_length)

by_hand = []
for passage, document in zip(own, documents, strict=True):
    score = 0.0
    for word in ("tin", "melts"):
        having = sum(word in other for other in documents)
        idf = log((len(documents) - having + 0.5) / (having + 0.5))
        f = document.count(word)
        share = f * 2.2 / (f + 1.2 * (0.25 + 0.75 * len(document) / mean_length))
        print(f"{passage.title:5}{word:6} f = {f}   idf {idf:.3f} · {share:.3f} = {idf * share:.3f}")
        score += idf * share
    by_hand.append(score)

# %% [markdown]
# Twice "tin" in a short passage beats once "melts" in a longer one. SQLite's full-text search, FTS5, computes the same;
# minirag asks it.

# %%
from minirag.retrieval.bm25 import match_expression, search_bm25

found = search_bm25(store, "Tin melts?", k=3)
print([(store.passage(row).title, round(score, 3)) for row, score in found])
assert [row for row, _ in found] == [0, 1]  # gold shares no word: it is not found at all
assert all(abs(score - by_hand[row]) < 1e-6 for row, score in found)

# %% [markdown]
# Implementations differ in small print. A word that more than half of all passages have would get a negative idf; FTS5
# then takes 1e-6, others add 1 inside the logarithm. Here case and accents do not count, and nothing is stemmed: "melt" is
# another word than "melts". And FTS5 has a language for queries, in which a quotation mark or NOT means something. A
# question is no query: its words are quoted, each once, so they mean themselves.

# %%
print(match_expression("What's tin, and is it NOT tin?"))
everywhere = PassageStore.create(
    Path(scratch.name) / "everywhere.sqlite", [Passage("a", "", "tin"), Passage("b", "", "tin")]
)
print("melt:", search_bm25(store, "melt", k=3), " MÉLTS:", [row for row, _ in search_bm25(store, "MÉLTS", k=3)])
print("a word in every passage:", [f"{score:.0e}" for _, score in search_bm25(everywhere, "tin", 2)])

# %% [markdown]
# ## The shipped knowledge base
#
# 1,462 passages about countries and elements. The paper's ablation puts BM25 in the place of the retriever: its scores
# are the logits of p(z|x), and the rest of RAG stays as it is.

# %%
import torch

from minirag import RagTokenForGeneration

rag = RagTokenForGeneration.from_pretrained("weights/demo")
knowledge_base = rag.retriever.knowledge_base
found = search_bm25(knowledge_base.store, "Who discovered titanium?", k=3)
prior = torch.tensor([score for _, score in found]).softmax(dim=0)
print(len(knowledge_base), "passages")
for (row, score), p in zip(found, prior.tolist(), strict=True):
    print(f"score {score:5.2f}   p(z|x) {p:.2f}   {knowledge_base.store.passage(row).text[:75]}")

# %% [markdown]
# ## Where words fail
#
# Titanium is a rare word, so all goes well. Here are two questions that do not use the words of their passages.

# %%
from minirag.retrieval.encoding import encode_questions


def by_vectors(questions: list[str]) -> torch.Tensor:
    with torch.no_grad():
        return encode_questions(rag.question_encoder, rag.rag.tokenizer.question_encoder, questions)


for question in ("What money do people use in Tonga?", "What is a citizen of Canada known as?"):
    [(row, _)] = search_bm25(knowledge_base.store, question, k=1)
    _, rows = knowledge_base.search(by_vectors([question]), k=1)
    print(question)
    print("    BM25:   ", knowledge_base.store.passage(row).text)
    print("    vectors:", knowledge_base.store.passage(int(rows[0, 0])).text)

# %% [markdown]
# The passage about Tonga says "currency", the question "money": nothing to count. And the words of the question about
# Canada?

# %%
N = len(knowledge_base)
for word in ("citizen", "Canada", "known", "as", "a", "is", "of"):
    n = len(search_bm25(knowledge_base.store, word, k=N))
    print(f"{word:8} in {n:4} passages, idf {max(log((N - n + 0.5) / (n + 0.5)), 1e-6):.2f}")

# %% [markdown]
# "Canada" weighs most, but "citizen … known as a" weigh more together, and Canada's passage has other words for it. An
# encoder learns exactly this: same fact, other words (tutorial 05). How often does it matter? Recall@k is the share of
# questions whose passage is among the first k. (It flatters the vectors: the encoder has seen the same turns of phrase in
# training, with invented names.)

# %%
from minirag.evaluation.recall import measure_recall
from minirag.plots import recall_curve
from minirag.questions.reading import read_questions

asked = read_questions(Path("weights/demo/questions.jsonl"))[::4]
ks = (1, 2, 5, 10, 20)
recall = {}
for name, index in (("BM25", "bm25"), ("vectors", "exact")):
    top = measure_recall(knowledge_base, asked, index, by_vectors, ks).top
    recall[name] = [top[k] for k in ks]
    print(f"{name:8}", "  ".join(f"@{k} {share:.1%}" for k, share in top.items()))
figure = recall_curve(recall, ks)
scratch.cleanup()
figure

# %% [markdown]
# ## Check yourself
#
# That FTS5's scores are those of the formula is held for random passages and questions by
# `tests/retrieval/test_bm25.py::test_scores_are_those_of_the_formula`; and that a question may hold anything by
# `tests/retrieval/test_bm25.py::test_the_syntax_of_full_text_search_means_nothing_in_a_question`.
#
# 1. Make the passage about tin longer with words that do not matter. How long must it be to fall behind lead?
# 2. Which words of "What is the capital of Mongolia?" count in the shipped knowledge base, and how much?
# 3. For how many questions is BM25's first passage right and that of the vectors wrong? What have they in common?
