# %% [markdown]
# # 01 Tokenizers: how does a text become numbers, and why in two ways?
#
# Modules: minirag/text/tokenizers.py, minirag/text/tokenizer_files.py, minirag/text/rag_tokenizer.py
#
# Paper: BERT §3 (WordPiece); BART §2 (byte-level BPE); RAG §2.2, §2.3
#
# A network reads numbers, each the row of a table of embeddings. A row for every word would be too many, and the next
# name would still be missing; a row for every letter would make long inputs of things without meaning. So a text is cut
# into pieces: frequent words stay whole, rare ones fall apart. RAG has two networks that read, and they cut differently.
#
# ## WordPiece: take the longest piece that fits
#
# The question encoder is a BERT. Its text is made lower-case, loses its accents, and is split at spaces and punctuation.
# Then each word is cut from the left: the longest piece of the vocabulary that the rest of the word begins with, and so
# on. `##` marks a piece inside a word. Here is a vocabulary small enough to do it in one's head.

# %%
words = "[PAD] [UNK] [CLS] [SEP] [MASK] where is mon mongo ##golia ##li ##a ##lia peru ?"
vocab = {piece: number for number, piece in enumerate(words.split())}


def cut_greedily(word: str) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        ends = [end for end in range(len(word), start, -1) if mark + word[start:end] in vocab]
        if not ends:
            return ["[UNK]"]  # the whole word, not only the rest
        pieces.append(mark + word[start : ends[0]])
        start = ends[0]
    return pieces


for word in ("peru", "mongolia", "mongols"):
    print(f"{word:9}", cut_greedily(word))

# %% [markdown]
# `mon ##golia` and `mongo ##lia` both spell the word; greedy takes the longer beginning and never looks back. And where
# no piece fits what is left (`ls` of mongols), the word is lost as a whole: [UNK], the same id for every such word.
#
# minirag does not cut by itself: the library `tokenizers` does, fast and in parallel, and one thin class around it says
# which settings BERT and BART were trained with. It has to agree with the loop.

# %%
from minirag.text.tokenizers import Tokenizer

word_piece = Tokenizer.word_piece(vocab)
ids = word_piece.encode("Where is Mongolia?")
by_loop = ["[CLS]", *(piece for word in ("where", "is", "mongolia", "?") for piece in cut_greedily(word)), "[SEP]"]
assert ids == [vocab[piece] for piece in by_loop]
assert word_piece.encode_plain("mongols") == [vocab["[UNK]"]]
print(by_loop)
print(ids)

# %% [markdown]
# ## Byte-level BPE: join, in the order in which the joining was learned
#
# The generator is a BART. Its text keeps every letter; each word, with the space in front of it, becomes bytes, of which
# there are 256: nothing can be unknown. Then neighbours are joined by a list of *merges*, learned from frequencies. The
# earliest merge of the list that applies is made wherever it applies, then the earliest that applies now, until none
# does. The order decides:


# %%
from itertools import pairwise


def join_in_order(word: str, merges: list[tuple[str, str]]) -> list[str]:
    parts = list(word)
    while True:
        neighbours = set(pairwise(parts))
        applicable = [merge for merge in merges if merge in neighbours]
        if not applicable:
            return parts
        left, right = applicable[0]
        place, joined = 0, []
        while place < len(parts):
            here = parts[place : place + 2] == [left, right]
            joined.append(left + right if here else parts[place])
            place += 2 if here else 1
        parts = joined


merges = [("a", "n"), ("n", "a"), ("an", "an")]
swapped = [("n", "a"), ("a", "n"), ("an", "an")]
print(join_in_order("banana", merges), join_in_order("banana", swapped))

# %%
from tokenizers.pre_tokenizers import ByteLevel

specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
known = [*specials, *sorted(ByteLevel.alphabet()), "an", "na", "anan"]
small_bpe = Tokenizer.byte_level({piece: number for number, piece in enumerate(known)}, merges)
assert [known[i] for i in small_bpe.encode_plain("banana")] == join_in_order("banana", merges)
for text in ("a banana", "né"):
    print(f"{text!r:11} {len(text.encode()):2} bytes", [known[i] for i in small_bpe.encode_plain(text)])
assert small_bpe.decode(small_bpe.encode("né, 日本 …")) == "né, 日本 …"

# %% [markdown]
# Every byte is written as some visible character: a space as `Ġ`, the two bytes of é as `Ã` and `©`. They look like
# mistakes in vocabulary files and are none. A space belongs to the word that follows, so ` an` and `an` are different
# pieces, and ids give the text back letter by letter.
#
# ## Specials, pairs, and what is cut
#
# BERT was trained on `[CLS] a [SEP] b [SEP]`, BART on `<s> a </s>`; the ends are put there by the tokenizer. Here are the
# shipped ones. A passage goes to its encoder as a pair, title and text. Where max_length is too small, the longer text of
# the pair loses its end first; the special tokens stay.

# %%
from minirag.text.rag_tokenizer import RagTokenizer

tokenizer = RagTokenizer.from_pretrained("weights/demo")
bert, bart = tokenizer.question_encoder, tokenizer.generator
print("pieces:", bert.vocab_size, "and", bart.vocab_size)
title, text = "Peru", "Lima is the capital of Peru."
for max_length in (None, 8):
    print(bert.decode(bert.encode(title, pair=text, max_length=max_length), skip_special_tokens=False))
print(bart.decode(bart.encode("Lima"), skip_special_tokens=False))
assert len(bert.encode(title, pair=text, max_length=8)) == 8

# %% [markdown]
# ## Why a question goes from one to the other as a string
#
# The generator has to read the question, too. But an id is the number of a row, and in the generator's smaller table
# the same numbers are other rows, or none.

# %%
question = "What is the capital of Côte d'Ivoire?"
read_by_bert = bert.encode(question)
print("BERT's ids, read by BERT:", bert.decode(read_by_bert))
print("BERT's ids, read by BART:", bart.decode([i for i in read_by_bert if i < bart.vocab_size]))
print("the string, read by BART:", bart.decode(bart.encode(question)))
assert bart.decode(bart.encode(question)) == question != bert.decode(read_by_bert)

# %% [markdown]
# Turning ids back into text is no way out: capitals, accents and the spaces around the apostrophe are gone.
# transformers' retriever does that (deviation 8 in `docs/deviations.md`), because its model is given ids alone. In
# minirag whoever has the string hands it on. `RagTokenizer` holds both tokenizers: called, it reads a question for
# BERT; `decode` writes an answer of BART. Here is the same question, cut by both.

# %%
assert tokenizer([question]).input_ids[0].tolist() == read_by_bert
assert tokenizer.decode(bart.encode(" Yamoussoukro")) == " Yamoussoukro"

# %%
from minirag.plots.style import BLUE, SMALL, VERMILLION, new_figure

with new_figure(height=1.7) as figure:
    axes = figure.subplots()
    for row, (half, colour) in enumerate(((bert, BLUE), (bart, VERMILLION))):
        x = 0.0
        for i in half.encode_plain(question):
            piece = half.backend.id_to_token(i)
            axes.barh(row, len(piece) + 1.6, left=x, height=0.6, color="white", edgecolor=colour, linewidth=1.2)
            axes.text(x + (len(piece) + 1.6) / 2, row, piece, ha="center", va="center", fontsize=SMALL)
            x += len(piece) + 1.8
    axes.set_yticks([0, 1], ["BERT", "BART"])
    axes.set(xlim=(0, x), ylim=(1.5, -0.5), xticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    cuts = [[half.backend.id_to_token(i) for i in half.encode_plain(question)] for half in (bert, bart)]
    figure.set_label(
        f"One question in pieces. BERT: {' | '.join(cuts[0])}, {len(cuts[0])} ids. "
        f"BART: {' | '.join(cuts[1])}, {len(cuts[1])} ids."
    )
print(len(cuts[0]), "ids for BERT,", len(cuts[1]), "for BART")
figure

# %% [markdown]
# ## Where a tokenizer lives
#
# Published folders come in three layouts: `vocab.txt` (one piece a line, the line number is the id), `vocab.json` with
# `merges.txt`, or `tokenizer.json`, which holds everything. All three open; the last one is written.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:
    (Path(folder) / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    opened = Tokenizer.from_pretrained(folder)
    opened.save_pretrained(Path(folder) / "saved")
    print(sorted(path.name for path in (Path(folder) / "saved").iterdir()))
    again = Tokenizer.from_pretrained(Path(folder) / "saved")
assert opened.encode("Where is Mongolia?") == again.encode("Where is Mongolia?") == ids

# %% [markdown]
# ## Check yourself
#
# `tests/text/test_tokenizers.py::test_byte_level_ids_give_back_any_text` tries any Unicode text, and
# `tests/crosscheck/test_tokenizers.py::test_ids_and_decoded_text_are_theirs` compares with transformers in all layouts.
#
# 1. Find a word that could be spelled with pieces of a vocabulary, and becomes [UNK] because greedy never looks back.
# 2. For how many passages of the shipped knowledge base does decoding give back the text, with either tokenizer?
# 3. Which words of the shipped questions cost BART the most ids? Does a leading space matter?
