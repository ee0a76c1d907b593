# %% [markdown]
# # Solutions to 19 Hot swap and your own documents

# %% [markdown]
# ## Exercise 1
#
# Without scores both passages are equally likely, and the generator finds out by itself which of them is about Mongolia. A
# score of 6 for the wrong one outvotes it: the prior is part of the model, and a wrong one makes wrong answers.

# %%
from minirag import KnowledgeBase, RagSequenceForGeneration

rag = RagSequenceForGeneration.from_pretrained("weights/demo")
passages = [
    ("Peru", "Lima is the capital of Peru."),
    ("Mongolia", "Mongolia is governed from its capital, Ulaanbaatar."),
]
for scores in ([0.0, 0.0], [6.0, 0.0]):
    answer = rag.answer("What is the capital of Mongolia?", passages, scores)
    print(scores, answer.text, [f"{passage.title} {passage.posterior:.2f}" for passage in answer.passages])
assert answer.text == "Lima"

# %% [markdown]
# ## Exercise 2
#
# It names the folder and says that another encoder made its vectors.

# %%
try:
    KnowledgeBase.open("weights/demo/knowledge_base", fingerprint="0" * 64)
    raise AssertionError("it should have been refused")
except ValueError as error:
    print(error)

# %% [markdown]
# ## Exercise 3
#
# A piece may have half as many words up to half as many again, and ends at the sentence end nearest to the wanted length.
# Sentences end after 5, 12, 15 and 19 words: 5 is nearer to 8 than 12 is. What is left has 14 words and is cut once more.

# %%
from minirag.documents.split import split_text

story = "Atlantis lies in the sea. Its capital is Poseidonis, as everybody knows. Nobody goes there. It sank one day."
pieces = split_text(story, words=8)
print([len(piece.split()) for piece in pieces], pieces)
assert " ".join(pieces) == story
