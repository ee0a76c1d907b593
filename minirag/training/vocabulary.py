"""Where do the demo's two vocabularies come from? They are learned from real prose, so that real names have pieces in them.

Paper     BERT §3 (WordPiece), BART §2 (byte-level BPE)
Tutorial  tutorials/01_tokenizers.py
Tests     tests/training/test_vocabulary.py

Each digit is a token of its own: a number is copied digit by digit, and no number is ever a rare token.
"""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers, trainers

from minirag.text.rag_tokenizer import RagTokenizer
from minirag.text.tokenizer_files import BYTE_LEVEL_SPECIALS, WORD_PIECE_SPECIALS
from minirag.text.tokenizers import Tokenizer


def train_tokenizers(texts: Iterable[str], word_pieces: int = 6000, byte_pairs: int = 4096) -> RagTokenizer:
    """A WordPiece and a byte-level BPE vocabulary of the given sizes, from the same texts."""
    texts = list(texts)
    return RagTokenizer(train_word_piece(texts, word_pieces), train_byte_level(texts, byte_pairs))


def train_word_piece(texts: Iterable[str], size: int) -> Tokenizer:
    backend = Backend(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert set(specials) == set(WORD_PIECE_SPECIALS.values())
    backend.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=size, special_tokens=specials, show_progress=False)
    )
    return Tokenizer.word_piece(backend.get_vocab())


def train_byte_level(texts: Iterable[str], size: int) -> Tokenizer:
    """Digits are kept apart while merges are learned; without merges of digits, BART's own splitting keeps them apart too."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    assert set(specials) == set(BYTE_LEVEL_SPECIALS.values())
    backend.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=specials,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    model = json.loads(backend.to_str())["model"]
    return Tokenizer.byte_level(model["vocab"], [tuple(merge) for merge in model["merges"]])


def pieces_of(tokenizer: Tokenizer) -> list[str]:
    """Every token of a vocabulary as text, in the order of the ids."""
    return [tokenizer.decode([token_id], skip_special_tokens=True) for token_id in range(tokenizer.vocab_size)]


def read_prose(path: str | Path) -> list[str]:
    """A plain text file, or JSON lines with a "text" each; compressed where its name ends in .gz. Lines are the texts."""
    path = Path(path)
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8") from None
    if ".jsonl" not in path.suffixes:
        return lines
    return [text_of(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def text_of(line: str, place: str) -> str:
    try:
        return json.loads(line)["text"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'{place}: not a JSON object with a "text"') from None
