"""With which networks does a training begin? A published encoder's, or new ones with a vocabulary of one's own data.

Paper     DPR §4.2 (BERT base); Reimers & Gurevych 2019, §3
Tutorial  tutorials/16_training_dpr.py
Tests     tests/training/dpr/test_starting.py
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minirag.configuration import BertConfig
from minirag.text.tokenizers import Tokenizer
from minirag.training.dpr.bag_of_words import inverse_document_frequencies
from minirag.training.dpr.towers import UNIT_SCALE, Towers, new_towers, open_towers
from minirag.training.vocabulary import train_word_piece

POSITIONS = 512  # of a new encoder


@dataclass(frozen=True)
class Beginning:
    """start: a folder of encoders; without it layers, width, heads and a tokenizer (None: learned, vocab_size pieces) count.

    None elsewhere: what the start says, or, of a new encoder, what BertConfig says; feed_forward 4 · width; bag_of_words
    (see there) where its vector is the mean of all states, of unit length.
    """

    start: Path | None = None
    tokenizer: Path | None = None
    vocab_size: int = 8000
    layers: int = 2
    width: int = 256
    heads: int = 4
    feed_forward: int | None = None
    towers: int = 1
    scale: float | None = None
    pooling: str | None = None
    normalize: bool | None = None
    dropout: float | None = None
    fixed_context: bool = False
    bag_of_words: bool | None = None
    seed: int = 0


def begin(beginning: Beginning, texts: Callable[[], Iterable[str]], kept: Path) -> tuple[Towers, Tokenizer]:
    """The networks before the first step, and their tokenizer. `texts`: what a vocabulary is learned from.

    `kept`: where a learned vocabulary is kept, since learning it again may break ties in another way.
    """
    is_bag_of_words(beginning)
    if beginning.start is not None:
        return open_towers(
            beginning.start, beginning.towers, beginning.scale, beginning.fixed_context, **said(beginning)
        )
    tokenizer = vocabulary(beginning, texts, kept)
    scale = beginning.scale or (UNIT_SCALE if beginning.normalize else 1.0)
    config = new_config(beginning, tokenizer.vocab_size, tokenizer.pad_token_id)
    idf = inverse_document_frequencies(tokenizer, texts()) if is_bag_of_words(beginning) else None
    return new_towers(config, beginning.towers, scale, beginning.seed, idf), tokenizer


def is_bag_of_words(beginning: Beginning) -> bool:
    """ValueError: it is wanted where it cannot be."""
    if beginning.bag_of_words and (beginning.start is not None or beginning.pooling != "mean"):
        raise ValueError("only a new encoder whose vector is the mean of all states can start as a bag of words")
    if beginning.bag_of_words is None:
        return beginning.start is None and beginning.pooling == "mean" and bool(beginning.normalize)
    return beginning.bag_of_words


def said(beginning: Beginning) -> dict[str, Any]:
    """The settings of BertConfig that were named."""
    named = {
        "pooling": beginning.pooling,
        "normalize": beginning.normalize,
        "hidden_dropout_prob": beginning.dropout,
        "attention_probs_dropout_prob": beginning.dropout,
    }
    return {name: value for name, value in named.items() if value is not None}


def new_config(beginning: Beginning, vocab_size: int, pad_token_id: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocab_size,
        pad_token_id=pad_token_id,
        hidden_size=beginning.width,
        num_hidden_layers=beginning.layers,
        num_attention_heads=beginning.heads,
        intermediate_size=beginning.feed_forward or 4 * beginning.width,
        max_position_embeddings=POSITIONS,
        **said(beginning),
    )


def vocabulary(beginning: Beginning, texts: Callable[[], Iterable[str]], kept: Path) -> Tokenizer:
    if beginning.tokenizer is not None:
        return Tokenizer.from_pretrained(beginning.tokenizer)
    if not kept.exists():
        train_word_piece(texts(), beginning.vocab_size).save_pretrained(kept)
    return Tokenizer.from_pretrained(kept)
