# %% [markdown]
# # Solutions to 01 Tokenizers

# %%
import json
from pathlib import Path

from minirag.retrieval.passages import PassageStore
from minirag.text.rag_tokenizer import RagTokenizer
from minirag.text.tokenizers import Tokenizer

tokenizer = RagTokenizer.from_pretrained("weights/demo")
bert, bart = tokenizer.question_encoder, tokenizer.generator

# %% [markdown]
# ## Exercise 1
#
# `ab ##c` is lost although `a ##bc` would do: greedy takes `ab`, and nothing begins with `##c`. Real vocabularies hold
# every single letter in both forms, so that only letters nobody expected become [UNK].

# %%
pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "ab", "##bc"]
small = Tokenizer.word_piece({piece: number for number, piece in enumerate(pieces)})
print("abc →", [pieces[i] for i in small.encode_plain("abc")])
assert small.encode_plain("abc") == [pieces.index("[UNK]")]

# %% [markdown]
# ## Exercise 2
#
# All of them with the generator's tokenizer, none with the question encoder's: every passage has a capital letter.

# %%
texts = [passage.text for passage in PassageStore.open("weights/demo/knowledge_base/passages.sqlite")]
given_back = {
    name: sum(half.decode(half.encode(text)) == text for text in texts)
    for name, half in (("BERT", bert), ("BART", bart))
}
print(len(texts), "passages, given back:", given_back)
assert given_back == {"BERT": 0, "BART": len(texts)}

# %% [markdown]
# ## Exercise 3
#
# Long names and rare words (the question mark is an id of its own). A space in front matters: `iron` and ` iron` are
# different bytes, and the merges that were learned for one may be missing for the other.

# %%
lines = Path("weights/demo/questions.jsonl").read_text("utf-8").splitlines()
words = {word for line in lines for word in json.loads(line)["question"].split()}
cost = {word: len(bart.encode_plain(" " + word)) for word in words}
for word in sorted(words, key=lambda word: (-cost[word], word))[:5]:
    print(f"{word:20} {cost[word]} ids for BART, {len(bert.encode_plain(word))} for BERT")
print("'iron'", bart.pieces(bart.encode_plain("iron")), "' iron'", bart.pieces(bart.encode_plain(" iron")))
assert bart.encode_plain("iron") != bart.encode_plain(" iron")
