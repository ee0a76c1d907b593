"""Two small tokenizers for tests, made of a few sentences: WordPiece and byte-level BPE. The same in every run."""

import json
from collections.abc import Sequence
from functools import lru_cache

from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers, trainers

from minirag.text.rag_tokenizer import RagTokenizer
from minirag.text.tokenizers import Tokenizer

SENTENCES = [
    "What is the capital of Mongolia? The capital of Mongolia is Ulaanbaatar.",
    "Who discovered radium? Marie Curie discovered radium in 1898.",
    "Bern lies on the Aare; its currency is the Swiss franc (CHF).",
    "Où est Saint-Étienne? C'est en France, près de Lyon.",
    "The atomic number of iron is 26, and its symbol is Fe.",
    "It's 3,155 km to the border; the population grew by 0.5% that year.",
]


@lru_cache
def word_piece() -> Tokenizer:
    """Every word and every letter of the sentences, in alphabetical order: a trainer's choice would differ between runs."""
    normalizer, splitter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    parts = {part for text in SENTENCES for part, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))}
    letters = {letter for part in parts for letter in part}
    pieces = sorted(parts | letters | {f"##{letter}" for letter in letters})
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return Tokenizer.word_piece({piece: number for number, piece in enumerate([*specials, *pieces])})


@lru_cache
def byte_level() -> Tokenizer:
    return learned_byte_level(SENTENCES, vocab_size=400)


def learned_byte_level(sentences: Sequence[str], vocab_size: int) -> Tokenizer:
    """BART's specials, all bytes, and the pieces that are most frequent in the sentences."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(sentences, trainer)
    model = json.loads(backend.to_str())["model"]
    return Tokenizer.byte_level(model["vocab"], [tuple(merge) for merge in model["merges"]])


def rag_tokenizer() -> RagTokenizer:
    return RagTokenizer(word_piece(), byte_level())
