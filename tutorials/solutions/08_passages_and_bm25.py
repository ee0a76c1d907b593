# %% [markdown]
# # Solutions to 08 Passages and BM25

# %%
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from minirag import RagTokenForGeneration
from minirag.questions.reading import read_questions
from minirag.retrieval.bm25 import search_bm25, words
from minirag.retrieval.encoding import encode_questions
from minirag.retrieval.passages import Passage, PassageStore

# %% [markdown]
# ## Exercise 1
#
# Length works through |z| / mean |z|, and the mean grows along, so it takes a good many words. With ever more of them the
# ratio tends to 3, the number of passages, and never gets beyond it.


# %%
def first_title(more_words: int) -> str:
    own = [
        Passage("tin", "Tin", "Tin is soft." + " very" * more_words),
        Passage("lead", "Lead", "Lead melts at 327 degrees."),
        Passage("gold", "Gold", "Gold does not rust."),
    ]
    with TemporaryDirectory() as folder:
        store = PassageStore.create(Path(folder) / "passages.sqlite", own)
        [(row, _)] = search_bm25(store, "tin melts", k=1)
        store.close()
    return own[row].title


more = next(count for count in range(1000) if first_title(count) == "Lead")
print(f"with {more} more words, {4 + more} in all, tin falls behind lead")


def tin_and_lead(length: int) -> tuple[float, float]:
    """The two scores without their idf, which is the same."""
    mean = (length + 6 + 5) / 3
    return 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * length / mean)), 2.2 / (1 + 1.2 * (0.25 + 0.75 * 6 / mean))


assert tin_and_lead(4 + more - 1)[0] >= tin_and_lead(4 + more - 1)[1]
assert tin_and_lead(4 + more)[0] < tin_and_lead(4 + more)[1]

# %% [markdown]
# ## Exercise 2
#
# "Mongolia" and "capital". The words that nearly every passage has count 0.000001 each, and "what" is in none: it has the
# largest idf of all, and nowhere to count.

# %%
rag = RagTokenForGeneration.from_pretrained("weights/demo")
knowledge_base = rag.retriever.knowledge_base
N = len(knowledge_base)
for word in words("What is the capital of Mongolia?"):
    n = len(search_bm25(knowledge_base.store, word, k=N))
    print(f"{word:9} in {n:4} passages, idf {max(log((N - n + 0.5) / (n + 0.5)), 1e-6):.2f}")

# %% [markdown]
# ## Exercise 3
#
# The vectors took another country or element. To them a name is one thing among others, made of pieces that many names
# share; to BM25 it is a rare word, and weighs most. The other way round is far more frequent here.

# %%
asked = read_questions(Path("weights/demo/questions.jsonl"))[::4]
texts = [question.question for question in asked]
with torch.no_grad():
    q = encode_questions(rag.question_encoder, rag.rag.tokenizer.question_encoder, texts)
of_vectors = knowledge_base.search(q, k=1)[1][:, 0].tolist()
of_words = [search_bm25(knowledge_base.store, text, k=1)[0][0] for text in texts]
gold = knowledge_base.store.rows_of([question.gold[0] for question in asked])
only_words = [n for n in range(len(asked)) if of_words[n] == gold[n] != of_vectors[n]]
only_vectors = [n for n in range(len(asked)) if of_vectors[n] == gold[n] != of_words[n]]
print(f"of {len(asked)} questions only BM25 is right for {len(only_words)}, only the vectors for {len(only_vectors)}")
for n in only_words[:5]:
    print(f"{texts[n]:60} vectors: {knowledge_base.store.passage(of_vectors[n]).title}")
assert len(only_words) < len(only_vectors)
